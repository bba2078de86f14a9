// What can be done to a lab from its page; each asks first where work would be lost.
import { putAnswer, resetLab, resumeLab, setLink, startAttempt, startNodes, stopLab, suspendLab } from '../api/client';
import type { Status } from '../api/types';
import { addProblem, alertText, clearAlerts } from '../model/alerts';
import { allUnsaved, drafts, dropDraft } from '../model/answers';
import type { LabWatch } from '../model/watch';
import { confirm } from '../ui/Confirm';

/** Runs 'f' and puts its answer into 'w', or the reason why not into the alert region.  True when done. */
async function request(w: LabWatch, doing: string, f: () => Promise<Status>): Promise<boolean> {
    clearAlerts();
    try {
        await w.ask(f);
        return true;
    } catch (e) {
        addProblem(e, doing);
        return false;
    }
}

export async function stop(w: LabWatch, s: Status): Promise<void> {
    const yes = await confirm({
        title: `Stop “${s.title || s.name}”?`,
        text: 'All nodes are removed, and what you configured in them is lost. Your scores stay.',
        action: 'Stop lab',
        danger: true,
    });
    if (yes) await request(w, 'The lab could not be stopped', () => stopLab(s.id));
}

export async function reset(w: LabWatch, s: Status, node?: string): Promise<void> {
    const yes = await confirm({
        title: node === undefined ? 'Reset the whole lab?' : `Reset ${node}?`,
        text:
            node === undefined
                ? 'Every node starts anew as the exercise made it. What you configured is lost.'
                : `${node} starts anew as the exercise made it. What you configured in it is lost; the other nodes keep running.`,
        action: node === undefined ? 'Reset lab' : `Reset ${node}`,
        danger: true,
    });
    if (yes) await request(w, 'The reset failed', () => resetLab(s.id, node));
}

export async function suspend(w: LabWatch, s: Status): Promise<void> {
    const yes = await confirm({
        title: `Suspend “${s.title || s.name}”?`,
        text: 'All nodes stop where they are, and their memory is free for others. Files, programs and consoles are kept: you go on right there when you resume the lab.',
        action: 'Suspend lab',
    });
    if (yes) await request(w, 'The lab could not be suspended', () => suspendLab(s.id));
}

export async function resume(w: LabWatch, s: Status): Promise<void> {
    await request(w, 'The lab could not be resumed', () => resumeLab(s.id));
}

export async function startAgain(w: LabWatch, s: Status, node?: string): Promise<void> {
    await request(w, node === undefined ? 'The nodes could not be started' : `${node} could not be started`, () =>
        startNodes(s.id, node),
    );
}

export async function changeLink(w: LabWatch, s: Status, link: string, state: 'up' | 'down'): Promise<void> {
    await request(w, `Link ${link} could not be changed`, () => setLink(s.id, link, state));
}

/** Says 'text' to a question.  Why it could not be said, or "". */
export async function answer(w: LabWatch, s: Status, check: string, text: string): Promise<string> {
    try {
        await w.ask(() => putAnswer(s.id, check, text));
    } catch (e) {
        return alertText(e, '');
    }
    dropDraft(s.id, check);
    return '';
}

/** Saves what is typed but not saved; false after telling which of it could not be. */
export async function saveAnswers(w: LabWatch, s: Status): Promise<boolean> {
    clearAlerts();
    for (const { question, text } of allUnsaved(drafts.get(), s)) {
        try {
            await w.ask(() => putAnswer(s.id, question.check, text));
        } catch (e) {
            addProblem(e, `“${question.title}” could not be answered`);
            return false;
        }
        dropDraft(s.id, question.check);
    }
    return true;
}

export async function check(w: LabWatch, s: Status): Promise<void> {
    clearAlerts();
    try {
        w.attempt(await startAttempt(s.id));
    } catch (e) {
        addProblem(e, 'Your work could not be checked');
    }
}
