// Invented users at a shell, with the statistics that the literature reports of real ones: commands
// of a Zipf law that most people share, scripts that repeat, sessions of few tasks, habits that
// drift; and blocks of strangers among them. Owns the invention, from a seed. Must never be made
// like one data set: it is varied on purpose, and nothing is chosen that only one variant likes.

export interface Population {
  readonly seed: number;
  readonly users: number;
  /** People whose later commands are the masqueraders' blocks; nobody's past holds them. */
  readonly outsiders: number;
  readonly trainLines: number;
  readonly blocks: number;
  readonly blockLines: number;
  readonly vocabulary: number;
  readonly zipf: number;
  /** Part of a person's tasks that others have, too: their overlap. */
  readonly sharedTasks: number;
  readonly tasks: number;
  /** Chance that a task goes on with its next command in order. */
  readonly script: number;
  /** Chance of a command that has nothing to do with the task. */
  readonly stray: number;
  /** Chance a session that one of the person's tasks is replaced by a new one. */
  readonly drift: number;
  /** Part of the people who change half of their tasks at once after their first lines. */
  readonly newJobs: number;
  readonly sessionLines: number;
  /** How unlike people are in all of that: each one's numbers times e^(±spread). */
  readonly spread: number;
}

export const POPULATION: Population = {
  seed: 1,
  users: 50,
  outsiders: 20,
  trainLines: 5_000,
  blocks: 100,
  blockLines: 100,
  vocabulary: 1_200,
  zipf: 1.1,
  sharedTasks: 0.6,
  tasks: 24,
  script: 0.6,
  stray: 0.12,
  drift: 0.06,
  newJobs: 0.15,
  sessionLines: 80,
  spread: 0.7,
};

export interface InventedUser {
  readonly user: string;
  readonly lines: string[];
  /** One a block: whether it is a stranger's. */
  readonly labels: boolean[];
}

type Random = () => number;

interface Person {
  readonly random: Random;
  readonly tasks: number[][];
  /** Commands the person types outside of tasks, with a taste of its own. */
  readonly taste: readonly number[];
  readonly stray: number;
  readonly script: number;
  readonly drift: number;
}

/** @returns the users with their blocks, the same for the same population. */
export function inventUsers(population: Population): InventedUser[] {
  const world = openWorld(population);
  const blocksLines = population.blocks * population.blockLines;
  const strangers = range(population.outsiders).map((i) => {
    const person = world.person(10_000 + i);
    world.type(person, population.trainLines, 0);
    return world.type(person, blocksLines, population.drift);
  });
  return range(population.users).map((i) => {
    const person = world.person(i);
    const own = world.type(person, population.trainLines, population.drift);
    if (person.random() < population.newJobs) world.changeJob(person);
    const later = world.type(person, blocksLines, population.drift);
    return mixIn(population, `user${i + 1}`, own, later, strangers, person.random);
  });
}

/** Schonlau's plan: a block begins a masquerade with 1 %, and goes on with 80 %. */
function mixIn(
  population: Population,
  user: string,
  own: string[],
  later: string[],
  strangers: readonly string[][],
  random: Random,
): InventedUser {
  const labels: boolean[] = [];
  const lines = [...own];
  let stranger: string[] | undefined;
  let at = 0;
  for (let block = 0; block < population.blocks; block++) {
    const isOn: boolean = random() < (stranger === undefined ? 0.01 : 0.8);
    if (!isOn) stranger = undefined;
    else if (stranger === undefined) {
      stranger = strangers[Math.floor(random() * strangers.length)] as string[];
      at = Math.floor(random() * (population.blocks - 20)) * population.blockLines;
    }
    const from = stranger === undefined ? block * population.blockLines : at;
    lines.push(...(stranger ?? later).slice(from, from + population.blockLines));
    if (stranger !== undefined) at = (at + population.blockLines) % (later.length - 1);
    labels.push(stranger !== undefined);
  }
  return { user, lines, labels };
}

interface World {
  person(number: number): Person;
  changeJob(person: Person): void;
  type(person: Person, lines: number, drift: number): string[];
}

function openWorld(population: Population): World {
  const { seed, vocabulary, zipf, tasks, sharedTasks } = population;
  const random = randomOf(seed);
  const popular = zipfLaw(vocabulary, zipf);
  const flat = zipfLaw(tasks, 0.8);
  const shared = range(80).map(() => newTask(() => draw(popular, random), random));
  const sharedLaw = zipfLaw(shared.length, 0.7);

  function taskOf(person: Person): number[] {
    if (person.random() < sharedTasks) {
      return shared[draw(sharedLaw, person.random)] as number[];
    }
    return newTask(() => strayOf(person), person.random);
  }
  function strayOf(person: Person): number {
    if (person.random() < 0.4) return draw(popular, person.random);
    return person.taste[Math.floor(person.random() ** 2 * person.taste.length)] as number;
  }
  function openPerson(number: number): Person {
    const own = randomOf(seed * 7_919 + number + 1);
    const taste = range(70).map(() =>
      own() < 0.5 ? draw(popular, own) : Math.floor(own() * vocabulary),
    );
    const unlike = () => Math.exp(population.spread * (2 * own() - 1));
    const person: Person = {
      random: own,
      tasks: [],
      taste,
      stray: Math.min(0.5, population.stray * unlike()),
      script: Math.min(0.97, population.script * unlike()),
      drift: unlike(),
    };
    const count = Math.max(3, Math.round(tasks * unlike()));
    for (let i = 0; i < count; i++) person.tasks.push(taskOf(person));
    return person;
  }
  return {
    person: openPerson,
    changeJob(person) {
      for (let i = 0; i < person.tasks.length; i += 2) person.tasks[i] = taskOf(person);
    },
    type(person, lines, drift) {
      const typed: string[] = [];
      while (typed.length < lines) {
        if (person.random() < drift * person.drift) {
          person.tasks[Math.floor(person.random() * person.tasks.length)] = taskOf(person);
        }
        typeSession(person);
      }
      return typed.slice(0, lines);

      function typeSession({ random: own, tasks: all, stray, script }: Person): void {
        const length = 1 - Math.log(1 - own()) * population.sessionLines;
        const few = range(1 + Math.floor(own() * 3)).map(
          () => all[draw(flat, own) % all.length] as number[],
        );
        let task = few[0] as number[];
        let step = 0;
        for (let i = 0; i < length; i++) {
          if (own() < 0.05) task = few[Math.floor(own() * few.length)] as number[];
          if (own() < stray) typed.push(`c${strayOf(person)}`);
          else {
            step = own() < script ? step + 1 : Math.floor(own() ** 2 * task.length);
            typed.push(`c${task[step % task.length]}`);
          }
        }
      }
    },
  };
}

/** A few commands in the order of their script, some of them twice. */
function newTask(command: () => number, random: Random): number[] {
  return range(2 + Math.floor(random() * 12)).map(command);
}

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}

/** Running sums of the weights 1/(rank + 2)^power. */
function zipfLaw(size: number, power: number): Float64Array {
  const sums = new Float64Array(size);
  let sum = 0;
  for (let i = 0; i < size; i++) {
    sum += (i + 2) ** -power;
    sums[i] = sum;
  }
  return sums;
}

function draw(sums: Float64Array, random: Random): number {
  const wish = random() * (sums[sums.length - 1] as number);
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] as number) <= wish) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Mulberry32. */
function randomOf(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return ((word ^ (word >>> 14)) >>> 0) / 4_294_967_296;
  };
}
