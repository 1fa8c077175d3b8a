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

/**
 * The controllers behind machines, in the order of the machines. One that serves several is there once, under all their
 * names; a machine with several has each under its own name and what that controller is for.
 */
const controllersOf = async (
  session: Session,
  aim: Aim,
): Promise<{ readonly hosts: readonly Host[] } | { readonly failure: Failure }> => {
  const found = await resolve(session, aim);
  if ('failure' in found) return found;
  const machines = await askEach(session, found.hosts, {
    question: (target) => ({
      method: 'get',
      path: `/v1/machines/${encodeURIComponent(target)}`,
      query: { fields: 'bindings' },
    }),
    read: (body) => machine.safeParse(body).data?.machine.bindings ?? null,
    done: () => undefined,
  });
  return {
    hosts: merged(
      machines.flatMap((outcome): readonly Host[] => {
        const { host } = outcome;
        if ('failure' in outcome) return [{ ...host, target: null, failure: outcome.failure }];
        const bindings = outcome.result;
        if (bindings.length === 0) return [{ ...host, target: null, failure: noController }];
        return bindings.map(({ controller_id: target, roles }) => ({
          name: bindings.length === 1 ? host.name : `${host.name} (${roles.join(' ')})`,
          target,
        }));
      }),
    ),
  };
};

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
