import { Fault } from '../../domain/fault.ts';
import type { Aim } from '../aim.ts';
import { fail, overSession, type Context } from '../context.ts';
import { controllersOf } from '../controllers.ts';
import { settled } from '../each-host.ts';
import { resolve } from '../hosts.ts';
import { changeAll, renderingFor, type Change } from './change.ts';
import { paceOf, type PaceFlags } from './pace.ts';

/** Changes one machine by a request of its own, and several by one operation on all of them. */
export const changeHosts = async <T>(
  context: Context,
  aim: Aim,
  flags: PaceFlags,
  change: Change<T>,
): Promise<void> => {
  const pace = paceOf(flags);
  await overSession(context, async (session) => {
    const found = await resolve(session, aim);
    if ('failure' in found) return fail(context, found.failure);
    const { hosts } = found;
    if (hosts.length <= 1 && !pace.isForSets) return settled(context, session, hosts, change);
    return changeAll(context, session, hosts, pace, { ...change, rendering: renderingFor(change) });
  });
};

/** The same of the controllers behind machines. Sets reach a machine's own controller: who has several is asked one by one. */
export const changeControllers = async <T>(
  context: Context,
  aim: Aim,
  flags: PaceFlags,
  change: Change<T>,
): Promise<void> => {
  const pace = paceOf(flags);
  await overSession(context, async (session) => {
    const found = await controllersOf(session, aim);
    if ('failure' in found) return fail(context, found.failure);
    const { hosts, machines, several } = found;
    if (several !== null && pace.isForSets)
      throw new Fault(
        'invalid-input',
        `${several} has several controllers, which are asked one by one: name it by itself`,
      );
    if (several !== null || (hosts.length <= 1 && !pace.isForSets)) return settled(context, session, hosts, change);
    return changeAll(context, session, machines, pace, { ...change, rendering: renderingFor(change) });
  });
};
