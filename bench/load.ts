import autocannon from 'autocannon';

export interface Question {
  readonly path: string;
  readonly token: string;
}

export interface Load {
  readonly url: string;
  readonly connections: number;
  /** For so many seconds, or so many requests in all. */
  readonly until: { readonly seconds: number } | { readonly requests: number };
  /** What to ask next, on whichever connection. */
  next(): Question;
  /** Whether a body is a right answer. */
  isRight(body: string): boolean;
}

export interface Answers {
  /** Right and wrong ones. */
  readonly count: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** No answer, one that is no 200, or a body that is not right. */
  readonly errors: number;
}

/** Asks over kept connections, on each the next question when the last is answered. */
export const load = async ({ url, connections, until, next, isRight }: Load): Promise<Answers> => {
  const taken: number[] = [];
  let refused = 0;
  const begun = performance.now();
  const result = await new Promise<{ errors: number; mismatches: number }>((resolve, reject) => {
    const run = autocannon(
      {
        url,
        connections,
        ...('seconds' in until ? { duration: until.seconds } : { amount: until.requests }),
        sampleInt: 50,
        requests: [
          {
            setupRequest(request) {
              const { path, token } = next();
              return { ...request, path, headers: { 'X-Auth-Token': token } };
            },
          },
        ],
        verifyBody: isRight,
      },
      (error, done) => (error === null ? resolve(done) : reject(error)),
    );
    run.on('response', (_client, status, _bytes, ms) => {
      taken.push(ms);
      if (status !== 200) refused += 1;
    });
  });
  const seconds = (performance.now() - begun) / 1000;
  taken.sort((a, b) => a - b);
  return {
    count: taken.length,
    perSecond: taken.length / seconds,
    p50Ms: taken[Math.floor(taken.length * 0.5)] ?? NaN,
    p99Ms: taken[Math.floor(taken.length * 0.99)] ?? NaN,
    errors: result.errors + Math.max(result.mismatches, refused),
  };
};
