import { z } from 'zod';
import type { Aim } from './aim.ts';
import { overSession, fail, type Context } from './context.ts';
import { settled, type Errand } from './each-host.ts';
import { noController, type Failure } from './failure.ts';
import { askEach, resolve, type Host } from './hosts.ts';
import type { Session } from './session.ts';

/** Asks the same of the controllers behind every host that is aimed at, each once; a target is a controller's id. */
export const eachController = async <T>(context: Context, aim: Aim, errand: Errand<T>): Promise<void> =>
  overSession(context, async (session) => {
    const found = await controllersOf(session, aim);
    return 'failure' in found ? fail(context, found.failure) : settled(context, session, found.hosts, errand);
  });

interface Controllers {
  readonly hosts: readonly Host[];
  /** The machines behind which they were looked for. */
  readonly machines: readonly Host[];
  /** A machine that has more than one; null: each has its own, or shares it. */
  readonly several: string | null;
}

/**
 * The controllers behind machines, in the order of the machines. One that serves several is there once, under all their
 * names; a machine with several has each under its own name and what that controller is for.
 */
export const controllersOf = async (
  session: Session,
  aim: Aim,
): Promise<Controllers | { readonly failure: Failure }> => {
  const found = await resolve(session, aim);
  if ('failure' in found) return found;
  const outcomes = await askEach(session, found.hosts, {
    question: (target) => ({
      method: 'get',
      path: `/v1/machines/${encodeURIComponent(target)}`,
      query: { fields: 'bindings' },
    }),
    read: (body) => machine.safeParse(body).data?.machine.bindings ?? null,
    done: () => undefined,
  });
  const machines = outcomes.map((outcome): Host => {
    const { host } = outcome;
    if ('failure' in outcome) return { ...host, target: null, failure: outcome.failure };
    return outcome.result.length === 0 ? { ...host, target: null, failure: noController } : host;
  });
  const several = outcomes.find((one) => 'result' in one && new Set(one.result.map(idIn)).size > 1);
  return {
    machines,
    several: several?.host.name ?? null,
    hosts: merged(
      outcomes.flatMap((outcome, index): readonly Host[] => {
        const { host } = outcome;
        const bindings = 'result' in outcome ? outcome.result : [];
        if (bindings.length === 0) return machines.slice(index, index + 1);
        return bindings.map(({ controller_id: target, roles }) => ({
          name: bindings.length === 1 ? host.name : `${host.name} (${roles.join(' ')})`,
          target,
        }));
      }),
    ),
  };
};

const idIn = ({ controller_id: id }: { readonly controller_id: string }): string => id;

const machine = z.object({
  machine: z.object({
    bindings: z.array(z.object({ controller_id: z.string(), roles: z.array(z.string()).catch([]) })),
  }),
});

const merged = (hosts: readonly Host[]): readonly Host[] => {
  const byTarget = new Map<string, Host>();
  for (const host of hosts) {
    const before = host.target === null ? undefined : byTarget.get(host.target);
    const name = before === undefined ? host.name : `${before.name},${host.name}`;
    byTarget.set(host.target ?? `no controller of ${host.name}`, { ...host, name });
  }
  return [...byTarget.values()];
};
