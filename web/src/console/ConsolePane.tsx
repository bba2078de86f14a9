// One console on the page: its small toolbar and the place where the terminal shows.
import { useEffect, useRef } from 'preact/hooks';
import type { LabNode } from '../api/types';
import { duration } from '../model/format';
import { NODE_WORD } from '../model/lab';
import { Icon } from '../ui/Icon';
import { useStore } from '../ui/useStore';
import { consoleOf } from './registry';
import type { SessionState } from './session';

interface Props {
    lab: string;
    node: LabNode;
    hintId: string;
    heading: boolean; // a tile says its name; a tab has said it
    takeFocus: boolean; // the terminal is asked to take the focus, once
    onFocused: () => void;
    leave: (back: boolean) => void;
    onStart: () => void;
    onReset: () => void;
    onClose: () => void;
}

function phaseText({ phase, retryMs, why }: SessionState, node: LabNode): string {
    if (phase === 'open') return 'Connected';
    if (node.state === 'suspended') return 'The lab is suspended';
    if (node.state === 'stopped') return 'Stopped';
    if (phase === 'held') return `Waiting for ${node.name} (${NODE_WORD[node.state]})`;
    if (phase === 'waiting') return `Connection lost${why === '' ? '' : ` (${why})`}, next try in ${duration(retryMs)}`;
    return 'Connecting';
}

export function ConsolePane({ lab, node, hintId, heading, takeFocus, onFocused, leave, onStart, onReset, onClose }: Props) {
    const box = useRef<HTMLDivElement>(null);
    const session = consoleOf(lab, node.name);
    const state = useStore(session.state);
    const out = useRef(leave);
    out.current = leave;

    useEffect(() => {
        if (box.current === null) return;
        session.nodeState(node.state); // first, so that it does not try in vain
        return session.mount(box.current, hintId, (back) => out.current(back));
    }, [session, hintId]);
    useEffect(() => session.nodeState(node.state), [session, node.state]);
    useEffect(() => {
        if (!takeFocus) return;
        session.focus();
        box.current?.parentElement?.scrollIntoView({ block: 'nearest' }); // it may be far down a narrow page
        onFocused();
    }, [takeFocus]);

    return (
        <div class="console">
            <div class="console-bar">
                {heading && <h3 id={`console-name-${node.name}`}>{node.name}</h3>}
                <span class={`console-phase ${state.phase}`} role="status">
                    {phaseText(state, node)}
                </span>
                {state.phase === 'waiting' && node.state !== 'stopped' && (
                    <button type="button" class="button small" onClick={() => session.reconnect()}>
                        Try now
                    </button>
                )}
                <span class="spring" />
                {node.state === 'stopped' && (
                    <button type="button" class="button small" aria-label={`Start ${node.name} again`} onClick={onStart}>
                        <Icon name="play" /> Start again
                    </button>
                )}
                <button
                    type="button"
                    class="button small quiet"
                    aria-label={`Reset ${node.name}`}
                    disabled={node.state === 'suspended'}
                    onClick={onReset}
                >
                    <Icon name="reset" /> <span class="word">Reset</span>
                </button>
                <button
                    type="button"
                    class="button small quiet"
                    aria-label={`Close console of ${node.name}`}
                    onClick={onClose}
                >
                    <Icon name="close" /> <span class="word">Close</span>
                </button>
            </div>
            <div class="terminal-box" ref={box} />
        </div>
    );
}
