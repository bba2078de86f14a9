// A state in a word, with a shape and a colour.
import type { LabState } from '../api/types';
import { LAB_WORD } from '../model/lab';
import { capital } from '../model/format';

type Tone = 'good' | 'busy' | 'bad' | 'quiet';

const TONE: Record<LabState, Tone> = {
    starting: 'busy',
    running: 'good',
    suspending: 'busy',
    suspended: 'quiet',
    failed: 'bad',
    stopping: 'busy',
    stopped: 'quiet',
};

export function Badge({ tone, text }: { tone: Tone; text: string }) {
    return <span class={`badge ${tone}`}>{text}</span>;
}

export function LabBadge({ state }: { state: LabState }) {
    return <Badge tone={TONE[state] ?? 'quiet'} text={capital(LAB_WORD[state] ?? state)} />;
}
