/** Lets only so many in at once per key; the rest wait their turn, first come, first served. */

interface Gate {
  inside: number;
  waiting: (() => void)[];
}

export interface Turnstile {
  pass<R>(key: string, call: () => Promise<R>): Promise<R>;
}

export function createTurnstile(limit: number): Turnstile {
  const gates = new Map<string, Gate>();

  const enter = (key: string): Promise<void> | undefined => {
    const gate = gates.get(key) ?? { inside: 0, waiting: [] };
    gates.set(key, gate);
    if (gate.inside >= limit) return new Promise((resolve) => gate.waiting.push(resolve));
    gate.inside += 1;
    return undefined;
  };

  const leave = (key: string): void => {
    const gate = gates.get(key)!;
    const next = gate.waiting.shift();
    if (next) return next(); // the place is handed over, so nobody slips in between
    gate.inside -= 1;
    if (gate.inside === 0) gates.delete(key);
  };

  return {
    async pass(key, call) {
      await enter(key);
      try {
        return await call();
      } finally {
        leave(key);
      }
    },
  };
}
