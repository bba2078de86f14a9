// labd's routes as functions.
import { call } from './http';
import type { Attempt, Deadline, Exercise, ExerciseCard, Grade, OverviewRow, SessionDoc, Status } from './types';

const V1 = '/api/v1';
const seg = encodeURIComponent;

export const getSession = () => call<SessionDoc>('GET', `${V1}/session`);
export const postSession = (login: string, password: string) =>
    call<SessionDoc>('POST', `${V1}/session`, { login, password });
export const deleteSession = () => call<void>('DELETE', `${V1}/session`);

export const listExercises = async () =>
    (await call<{ exercises: ExerciseCard[] }>('GET', `${V1}/exercises`)).exercises;
/** With the values of that lab's owner, or with one's own. */
export const getExercise = (id: string, lab?: string) =>
    call<Exercise>('GET', `${V1}/exercises/${seg(id)}${lab === undefined ? '' : `?lab=${seg(lab)}`}`);

export const listLabs = async () => (await call<{ labs: Status[] }>('GET', `${V1}/labs`)).labs;
export const startLab = (exercise: string) => call<Status>('POST', `${V1}/labs`, { exercise });
export const getLab = (id: string) => call<Status>('GET', `${V1}/labs/${seg(id)}`);
export const stopLab = (id: string) => call<Status>('DELETE', `${V1}/labs/${seg(id)}`);
export const resetLab = (id: string, node?: string) =>
    call<Status>('POST', `${V1}/labs/${seg(id)}/reset`, node === undefined ? {} : { node });
export const suspendLab = (id: string) => call<Status>('POST', `${V1}/labs/${seg(id)}/suspend`, {});
export const resumeLab = (id: string) => call<Status>('POST', `${V1}/labs/${seg(id)}/resume`, {});
/** Starts a stopped node, or all of them. */
export const startNodes = (id: string, node?: string) =>
    call<Status>('POST', `${V1}/labs/${seg(id)}/${node === undefined ? '' : `nodes/${seg(node)}/`}start`, {});
export const setLink = (id: string, link: string, state: 'up' | 'down') =>
    call<Status>('PATCH', `${V1}/labs/${seg(id)}/links/${seg(link)}`, { state });
/** An empty 'answer' takes back what was said. */
export const putAnswer = (id: string, check: string, answer: string) =>
    call<Status>('PUT', `${V1}/labs/${seg(id)}/answers/${seg(check)}`, { answer });

export const startAttempt = (lab: string) => call<Attempt>('POST', `${V1}/labs/${seg(lab)}/attempts`, {});
export const listAttempts = async (lab: string) =>
    (await call<{ attempts: Attempt[] }>('GET', `${V1}/labs/${seg(lab)}/attempts`)).attempts;
export const getAttempt = (id: string | number) => call<Attempt>('GET', `${V1}/attempts/${seg(String(id))}`);

export const getGrade = (exercise: string, login: string) =>
    call<Grade>('GET', `${V1}/exercises/${seg(exercise)}/students/${seg(login)}`);
export const putDeadline = (exercise: string, d: Deadline) =>
    call<Deadline>('PUT', `${V1}/exercises/${seg(exercise)}/deadline`, d);
export const deleteDeadline = (exercise: string) =>
    call<object>('DELETE', `${V1}/exercises/${seg(exercise)}/deadline`);
/** 'score' null: that of the attempts counts again. */
export const putScore = (exercise: string, login: string, score: number | null, reason: string) =>
    call<Grade>('PUT', `${V1}/exercises/${seg(exercise)}/students/${seg(login)}/score`, { score, reason });

export const getOverview = async () => (await call<{ rows: OverviewRow[] }>('GET', `${V1}/overview`)).rows;

export const eventsPath = (lab: string) => `${V1}/labs/${seg(lab)}/events`;
export const consolePath = (lab: string, node: string) => `${V1}/labs/${seg(lab)}/nodes/${seg(node)}/console`;
