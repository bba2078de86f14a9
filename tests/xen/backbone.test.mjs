// The largest of the exercises on Xen, in a machine of its own because it takes as long as several of the others.
import { tryExercises } from './course.mjs';

tryExercises('fourteen domains', ['abilene']);
