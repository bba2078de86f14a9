// Starting the lab of an exercise, from wherever its button stands.
import { startLab } from '../api/client';
import { Problem } from '../api/http';
import { addProblem, clearAlerts } from '../model/alerts';
import { navigate } from '../model/route';

/** Starts the lab and goes to it; when it runs already (in another window, say), goes there. */
export async function startAndGo(exercise: string): Promise<void> {
    clearAlerts();
    try {
        const s = await startLab(exercise);
        navigate(`/labs/${s.id}`);
    } catch (e) {
        const lab = e instanceof Problem && e.status === 409 ? e.body['lab'] : null;
        if (typeof lab === 'string') navigate(`/labs/${lab}`);
        else addProblem(e, 'The lab could not be started');
    }
}
