// While a world runs there is no real time and no real chance: whatever reaches for them throws.
// The last wall of the rule that time and randomness are arguments.

/** Runs with the clock and the dice of the process replaced by functions that throw. */
export function withoutRealTime<T>(run: () => T): T {
  const RealDate = globalThis.Date;
  const realRandom = Math.random;
  const trap = (name: string) => () => {
    throw new Error(`${name} was called inside the simulator`);
  };
  const TrappedDate = new Proxy(RealDate, {
    construct(target, args) {
      if (args.length === 0) trap("new Date()")();
      return Reflect.construct(target, args) as object;
    },
    apply: trap("Date()"),
    get(target, key) {
      return key === "now" ? trap("Date.now") : Reflect.get(target, key);
    },
  });
  globalThis.Date = TrappedDate;
  Math.random = trap("Math.random");
  try {
    return run();
  } finally {
    globalThis.Date = RealDate;
    Math.random = realRandom;
  }
}
