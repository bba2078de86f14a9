// The page of one lab: task and result on one side, network and consoles on the other.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { getExercise } from '../api/client';
import type { Exercise, Status, User } from '../api/types';
import { ConsolePanel } from '../console/ConsolePanel';
import { dropLab, tellStates } from '../console/registry';
import { addProblem } from '../model/alerts';
import { type Consoles, forgetConsoles, loadConsoles, NONE, openConsole, saveConsoles } from '../model/consoles';
import { announcement, canResume, checkRefusal, consoleNodes, isAsleep, isBusy, suspendRefusal } from '../model/lab';
import { prefs, setPref } from '../model/prefs';
import { atLeast } from '../model/session';
import { rulesRefusal } from '../model/rules';
import { openWatch } from '../model/watch';
import { Topology } from '../topology/Topology';
import { Split } from '../ui/Split';
import { useNow } from '../ui/useNow';
import { useStore } from '../ui/useStore';
import { answer, changeLink, check, reset, resume, saveAnswers, startAgain, stop, suspend } from './labActions';
import { LabBar } from './LabBar';
import { LabStatus } from './LabStatus';
import { NetworkText } from './NetworkText';
import { NotFound } from './NotFound';
import { Questions } from './Questions';
import { TaskPane } from './TaskPane';

/** The exercise, and when its next attempt may begin; asked for anew when 'event' changes. */
function useExercise(id: string | null, lab: string, event: string): [Exercise | null, number] {
    const [got, setGot] = useState<[Exercise, number] | null>(null);
    useEffect(() => {
        if (id === null) return;
        let stale = false;
        getExercise(id, lab).then(
            (e) => {
                if (!stale) setGot([e, Date.now() + e.rules.wait_ms]);
            },
            (err: unknown) => addProblem(err, 'The instructions could not be loaded'),
        );
        return () => {
            stale = true;
        };
    }, [id, lab, event]);
    return got !== null && got[0].id === id ? got : [null, 0];
}

/** Says in a live region what has changed since the last status. */
function useAnnouncement(status: Status | null): string {
    const before = useRef<Status | null>(null);
    const [said, setSaid] = useState('');
    useEffect(() => {
        if (status === null) return;
        const text = announcement(before.current, status);
        before.current = status;
        if (text !== '') setSaid(text);
    }, [status]);
    return said;
}

/** The open consoles, as they were left the last time. */
function useConsoles(id: string, status: Status | null): [Consoles, (c: Consoles) => void] {
    const [consoles, setConsoles] = useState<Consoles>(NONE);
    const loaded = useRef('');
    useEffect(() => {
        if (status === null || loaded.current === id) return;
        loaded.current = id;
        setConsoles(
            loadConsoles(
                id,
                status.nodes.map((n) => n.name),
            ),
        );
    }, [id, status]);
    return [
        consoles,
        (c) => {
            setConsoles(c);
            saveConsoles(id, c);
        },
    ];
}

/** Suspend and resume are two buttons in two places: who presses one finds the focus on the other. */
function useSleepFocus(status: Status | null): void {
    const before = useRef<boolean | null>(null);
    const now = status === null ? null : canResume(status);
    useEffect(() => {
        const changed = before.current !== null && now !== before.current;
        before.current = now;
        if (changed && (document.activeElement === document.body || document.activeElement === null))
            document.querySelector<HTMLElement>('.lab [data-sleep]')?.focus();
    }, [now]);
}

export function Lab({ id, user }: { id: string; user: User }) {
    const watch = useMemo(() => openWatch(id), [id]);
    useEffect(() => () => watch.end(), [watch]);
    const { status, attempts, gone, live } = useStore(watch.view);
    const newest = attempts[0];
    const over = attempts.find((a) => !isBusy(a)); // each one that ends changes what is allowed
    const [exercise, nextCheck] = useExercise(status?.exercise ?? null, id, `${over?.id}`);
    const now = useNow(nextCheck);
    const [consoles, setConsoles] = useConsoles(id, status);
    const [focus, setFocus] = useState<string | null>(null);
    const [side, setSide] = useState<'task' | 'result'>('task');
    const said = useAnnouncement(status);
    const { textShare, networkShare, addresses } = useStore(prefs);
    useSleepFocus(status);

    useEffect(() => {
        if (status !== null) tellStates(id, consoleNodes(status));
    }, [id, status]);
    useEffect(() => {
        if (!gone) return;
        dropLab(id);
        forgetConsoles(id);
    }, [id, gone]);
    useEffect(() => {
        if (status !== null) document.title = `${status.title || status.name} - Paralab`;
    }, [status?.title, status?.name]);

    if (gone) return <NotFound what="lab" />;
    if (status === null)
        return (
            <div class="page">
                <p class="soft">Loading…</p>
            </div>
        );

    const mine = status.owner.login === user.login;
    const teaches = atLeast(user, 'instructor'); // whom no rules hold
    const ruled = exercise !== null && !teaches && !isBusy(newest) ? rulesRefusal(exercise.rules, nextCheck, now) : null;
    const mayCut = teaches && !isAsleep(status.state);
    const openNode = (node: string) => {
        setConsoles(openConsole(consoles, node));
        setFocus(node);
    };
    // The pressed button goes with the stopped node: the focus goes to the next one, or to the heading.
    const startNodes = async (node?: string) => {
        await startAgain(watch, status, node);
        requestAnimationFrame(() => {
            if (document.activeElement !== document.body) return;
            const next = document.querySelector<HTMLElement>('.halted button') ?? document.getElementById('nodes-title');
            next?.focus();
        });
    };
    const checkNow = async () => {
        if (mine && !(await saveAnswers(watch, status))) {
            setSide('task');
            return;
        }
        setSide('result');
        void check(watch, status);
    };

    const task = (
        <TaskPane
            exercise={exercise}
            hasExercise={status.exercise !== null}
            attempts={attempts}
            side={side}
            onSide={setSide}
            onAttempt={watch.attempt}
            questions={
                <Questions
                    lab={id}
                    questions={status.questions}
                    mine={mine}
                    onAnswer={(question, text) => answer(watch, status, question, text)}
                />
            }
        />
    );
    const network = (
        <section class="network" aria-labelledby="network-title" id="network">
            <div class="panel-bar">
                <h2 id="network-title" tabIndex={-1}>
                    Network
                </h2>
                <span class="spring" />
                <label class="switch">
                    <input
                        type="checkbox"
                        checked={addresses}
                        onChange={(e) => setPref('addresses', e.currentTarget.checked)}
                    />
                    Addresses
                </label>
            </div>
            <div class="network-body">
                <Topology drawing={status} addresses={addresses} opened={consoles.open} onOpen={openNode} />
                <NetworkText
                    status={status}
                    onLink={mayCut ? (link, state) => void changeLink(watch, status, link, state) : null}
                />
            </div>
        </section>
    );
    const panel = (
        <ConsolePanel
            lab={id}
            nodes={consoleNodes(status)}
            consoles={consoles}
            onConsoles={setConsoles}
            focus={focus}
            onFocus={setFocus}
            onStart={(node) => {
                void startNodes(node);
                setFocus(node);
            }}
            onReset={(node) => void reset(watch, status, node)}
        />
    );

    return (
        <div class="lab">
            <LabBar
                status={status}
                mine={mine}
                checking={isBusy(newest)}
                refusal={checkRefusal(status, newest) ?? ruled}
                note={ruled}
                sleepRefusal={suspendRefusal(status, newest)}
                onCheck={() => void checkNow()}
                onReset={() => void reset(watch, status)}
                onSuspend={() => void suspend(watch, status)}
                onStop={() => void stop(watch, status)}
            />
            <LabStatus
                status={status}
                live={live}
                onResume={() => void resume(watch, status)}
                onStart={(node) => void startNodes(node)}
                onReset={(node) => void reset(watch, status, node)}
            />
            <p class="vh" role="status">
                {said}
            </p>
            <nav class="jump" aria-label="Parts of this page">
                <a href="#task">Task</a>
                <a href="#network">Network</a>
                <a href="#consoles">Consoles</a>
            </nav>
            <Split
                name="Width of the instructions"
                along="row"
                share={textShare}
                min={15}
                max={75}
                onShare={(v) => setPref('textShare', v)}
                first={task}
                second={
                    <Split
                        name="Height of the network"
                        along="column"
                        share={networkShare}
                        min={15}
                        max={80}
                        onShare={(v) => setPref('networkShare', v)}
                        first={network}
                        second={panel}
                    />
                }
            />
        </div>
    );
}
