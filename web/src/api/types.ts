// The documents that labd's HTTP API sends (labd/doc, OpenAPI).  Only shapes; no behaviour.

export type Role = 'student' | 'instructor' | 'admin';

export interface User {
    login: string;
    name: string | null;
    role: Role;
    institution: string;
}

export interface SessionDoc {
    user: User;
    csrf: string;
    token: string | null;
}

export type NodeKind = 'host' | 'router';
export type ElementKind = 'switch' | 'hub' | 'network' | 'internet';
export type NodeState = 'waiting' | 'creating' | 'booting' | 'running' | 'failed' | 'stopped' | 'suspended';
export type LabState = 'starting' | 'running' | 'suspending' | 'suspended' | 'failed' | 'stopping' | 'stopped';

export interface Interface {
    name: string;
    mac?: string | null;
    link: string | null;
    network: string | null;
    addresses?: string[];
}

/** What students do not see; they get no such part, others get it with this mark. */
interface Hideable {
    hidden?: true;
}

export interface DrawnNode extends Hideable {
    name: string;
    kind: NodeKind;
    x: number;
    y: number;
    interfaces: Interface[];
}

export interface DrawnElement extends Hideable {
    name: string;
    kind: ElementKind;
    x: number;
    y: number;
}

/** One end of a link; 'node' may be the name of an element, 'interface' is null on a hub. */
export interface LinkEnd {
    node: string;
    interface: string | null;
}

export interface Link extends Hideable {
    name: string;
    a: LinkEnd;
    b: LinkEnd;
    state?: 'up' | 'down';
    impairment?: { a: Impairment; b: Impairment } | null;
}

export type Impairment = Record<string, number> | null;

export interface Drawing {
    nodes: DrawnNode[];
    elements: DrawnElement[];
    links: Link[];
}

export interface LabNode extends DrawnNode {
    state: NodeState;
    error: string | null;
    output: string | null;
}

export interface Status extends Drawing {
    id: string;
    name: string;
    owner: { login: string; name: string | null };
    exercise: string | null;
    title: string | null;
    state: LabState;
    driver: string;
    can_suspend: boolean; // what runs the nodes can do it
    error: string | null;
    started_ms: number;
    ready_ms: number | null;
    nodes: LabNode[];
    attempt: Attempt | null;
    questions: Question[];
}

/** What the exercise asks in words. */
export interface Question {
    check: string;
    title: string;
    form: 'text' | 'number' | 'address' | 'mac';
    answer: string | null; // what was said, for the next attempt
    tries: number | null; // different answers that may be wrong; null: any number
    left: number | null; // of them
}

/** How often work may be checked, and which score counts. */
export interface Rules {
    policy: 'best' | 'last';
    max: number | null; // attempts
    left: number | null; // of them
    cooldown_ms: number;
    wait_ms: number; // from the moment of the answer to the next attempt
}

export interface Deadline {
    due_ms: number;
    late_percent: number; // of an attempt's score, for each day begun since; 100: nothing counts any more
}

export interface ExerciseCard {
    id: string;
    title: string;
    summary: string | null;
    level: string | null;
    minutes: number;
    nodes: number;
    max_score: number;
    score: number | null; // the one that counts
    best_score: number | null;
    last_score: number | null;
    overridden: boolean; // an instructor set the score
    lab: string | null;
    attempts: number;
    rules: Rules;
    deadline: Deadline | null;
}

export interface Exercise extends ExerciseCard {
    instructions_html: string;
    source: string | null;
    topology: Drawing;
    checks: { id: string; title: string; points: number }[];
}

export type CheckStatus = 'pass' | 'fail' | 'blocked' | 'error';

export interface Check {
    id: string;
    kind: string;
    title: string;
    status: CheckStatus;
    score: number;
    max_score: number;
    evidence: string;
    answer?: string | null; // of a question: what was said
    others?: string[]; // logins of those for whose values a wrong answer is right; not for students
    observed: string | null;
    expected: string | null;
    full?: { observed: string; expected: string }; // with the names of hidden parts; not for students
    hint: string | null; // one on each line
    hint_after?: number | null; // failed attempts until the next one
    time_to_pass_ms: number | null;
    kept?: string; // judged again, but the evidence does not tell: why it is as it was
}

export interface Report {
    score: number;
    max_score: number;
    checks: Check[];
}

/** What an attempt was worth before it was judged again. */
export interface Former {
    score: number;
    max_score: number;
    by: string;
    by_name: string;
    until_ms: number;
}

export interface Attempt {
    id: string | number;
    lab: string;
    exercise: string;
    state: 'queued' | 'running' | 'done' | 'error';
    number: number;
    started_ms: number;
    finished_ms: number | null;
    score: number | null;
    counts: number | null; // the score without what lateness costs
    max_score: number;
    error: string | null;
    former?: Former[]; // oldest first
    evidence?: boolean; // what its probes saw was kept
    progress: { done: number; total: number; ahead: number } | null;
    report: Report | null;
}

export interface OverviewRow {
    login: string;
    name: string | null;
    exercise: string;
    title: string | null;
    lab: string | null;
    state: LabState | null;
    nodes_ready: number;
    nodes: number;
    score: number | null; // the one that counts
    best_score: number | null;
    last_score: number | null;
    overridden: boolean; // an instructor set the score
    max_score: number;
    attempts: number;
    last_ms: number | null;
}

/** A score that an instructor set, or took back. */
export interface Override {
    score: number | null; // null: it was taken back
    reason: string;
    by: string;
    by_name: string | null;
    made_ms: number;
}

/** A student's grade at an exercise, and how it came about. */
export interface Grade {
    login: string;
    name: string | null;
    exercise: string;
    title: string;
    max_score: number;
    score: number | null; // the one that counts
    best_score: number | null;
    last_score: number | null;
    overridden: boolean; // an instructor set the score
    attempts: number;
    rules: Rules;
    history: Attempt[]; // newest first, without reports
    overrides: Override[]; // newest first; the first one counts
}
