// With backbone.test.mjs a quarter of the exercises on Xen: three always, one of the others each day.  $EXERCISES names
// others.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { tryExercises, folder, day } from './course.mjs';

const ALWAYS = ['static-routing', 'vlan-office'];
const others = readdirSync(folder).filter(d => existsSync(path.join(folder, d, 'exercise.xml')) && ![...ALWAYS, 'abilene'].includes(d)).sort();

tryExercises('exercises', process.env.EXERCISES?.split(' ') ?? [...ALWAYS, others[day % others.length]]);
