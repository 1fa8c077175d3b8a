import { startBmcSimulator, type BmcSimulator } from '../test/support/bmc/simulator.ts';

export type FleetRequest =
  | { readonly kind: 'start'; readonly count: number; readonly dead: number }
  | { readonly kind: 'ask' }
  /** Somebody presses every button. */
  | { readonly kind: 'off' }
  /** The last so many are heard no more. */
  | { readonly kind: 'deaden'; readonly count: number };

export interface FleetAnswer {
  readonly ports: readonly number[];
  readonly sessions: number;
  /** Those whose machine is on. */
  readonly on: number;
  /** Chassis Control, carried out or refused, at all of them together since the start. */
  readonly controls: number;
}

const bmcs: BmcSimulator[] = [];

const done = async (request: FleetRequest): Promise<void> => {
  switch (request.kind) {
    case 'start':
      for (let made = 0; made < request.count; made += 1) {
        const bmc = await startBmcSimulator({ sessionTimeoutMs: 600_000 });
        if (made >= request.count - request.dead) bmc.inject({ kind: 'black-hole' });
        bmcs.push(bmc);
      }
      break;
    case 'off':
      for (const bmc of bmcs) bmc.chassis.setPower('off');
      break;
    case 'deaden':
      for (const bmc of bmcs.slice(-request.count)) bmc.inject({ kind: 'black-hole' });
      break;
    case 'ask':
      break;
  }
};

process.on('message', (request: FleetRequest) => {
  void (async () => {
    await done(request);
    const total = (of: (bmc: BmcSimulator) => number): number => bmcs.reduce((sum, bmc) => sum + of(bmc), 0);
    const answer: FleetAnswer = {
      ports: bmcs.map(({ port }) => port),
      sessions: total((bmc) => bmc.sessions().length),
      on: total(({ chassis }) => (chassis.power === 'on' ? 1 : 0)),
      controls: total((bmc) => bmc.count('chassis-control')),
    };
    process.send?.(answer);
  })();
});
process.once('disconnect', () => process.exit(0));
