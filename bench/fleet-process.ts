import { startBmcSimulator, type BmcSimulator } from '../test/support/bmc/simulator.ts';

export type FleetRequest =
  { readonly kind: 'start'; readonly count: number; readonly dead: number } | { readonly kind: 'sessions' };

export interface FleetAnswer {
  readonly ports: readonly number[];
  readonly sessions: number;
}

const bmcs: BmcSimulator[] = [];

process.on('message', (request: FleetRequest) => {
  void (async () => {
    if (request.kind === 'start') {
      for (let made = 0; made < request.count; made += 1) {
        const bmc = await startBmcSimulator({ sessionTimeoutMs: 600_000 });
        if (made >= request.count - request.dead) bmc.inject({ kind: 'black-hole' });
        bmcs.push(bmc);
      }
    }
    const answer: FleetAnswer = {
      ports: bmcs.map(({ port }) => port),
      sessions: bmcs.reduce((sum, bmc) => sum + bmc.sessions().length, 0),
    };
    process.send?.(answer);
  })();
});
process.once('disconnect', () => process.exit(0));
