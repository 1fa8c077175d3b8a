import { Fault } from '../../domain/fault.ts';
import { foldHosts } from '../../domain/selection/fold.ts';
import { fail, type Context } from '../context.ts';
import type { Errand } from '../each-host.ts';
import { noSuchMachine, type Failure } from '../failure.ts';
import { codeOf, noteFailure, type Host, type Outcome } from '../hosts.ts';
import { askYes } from '../prompt.ts';
import { plain } from '../screen.ts';
import type { Session } from '../session.ts';
import type { OperationSeen, PlanSeen } from './answers.ts';
import { begin, planOf, type Wish } from './begin.ts';
import type { Pace } from './pace.ts';
import { planLines } from './plan-lines.ts';
import type { Rendering } from './rendering.ts';
import { seeOut } from './see-out.ts';

/** A change of one, and what it is of many. */
export interface Change<T> extends Errand<T> {
  /** The operation's name. */
  readonly kind: string;
  /** What it takes for one. */
  readonly parameters: object;
  readonly line: (name: string, result: T) => string;
}

/** How a change's results are told, of many as of one. */
export const renderingFor = <T>({ schema, line, holds = () => true }: Change<T>): Rendering => ({
  line(names, result) {
    const read = schema.safeParse(result).data;
    return read === undefined ? `${plain(names)}: done` : line(names, read);
  },
  holds(result) {
    const read = schema.safeParse(result).data;
    return read === undefined || holds(read);
  },
});

interface Order {
  readonly kind: string;
  readonly parameters: object;
  readonly rendering: Rendering;
}

/** Does it to all of them by one operation of the service's; returns the exit code. */
export const changeAll = async (
  context: Context,
  session: Session,
  hosts: readonly Host[],
  pace: Pace,
  { kind, parameters, rendering }: Order,
): Promise<number> => {
  const { screen, globals } = context;
  const missing = hosts.filter(({ target }) => target === null);
  for (const host of missing) noteFailure(screen, host, host.failure ?? noSuchMachine);
  const there = hosts.filter(({ target }) => target !== null);
  const missed = codeOf(missing.map((host): Outcome<never> => ({ host, failure: host.failure ?? noSuchMachine })));
  if (there.length === 0) {
    if (globals().json) screen.json({ missing: missing.map(({ name }) => name) });
    return missed;
  }

  const wish: Wish = {
    kind,
    targets: targetsOf(there),
    parameters,
    strategy: pace.strategy,
    ...(pace.deadlineS !== null && { deadline_seconds: pace.deadlineS }),
    ...(pace.reason !== null && { reason: pace.reason }),
  };
  if (pace.isDry) {
    const answer = await planOf(session, wish);
    if ('failure' in answer) return fail(context, answer.failure);
    showPlan(context, answer.plan);
    return missed;
  }
  const begun = await agreed(context, session, wish, pace);
  if (begun === null) {
    screen.note('igor: nothing was sent');
    return 1;
  }
  if ('failure' in begun) {
    const code = fail(context, begun.failure);
    if (begun.failure.code === 'outcome-unknown')
      screen.note('igor: it may have begun all the same; igor operations list tells');
    return code;
  }
  const { operation } = begun;
  if (pace.isDetached) {
    if (globals().json) screen.json({ operation });
    else screen.line(operation.id);
    return missed;
  }
  return Math.max(
    missed,
    await seeOut(context, session, operation, { rendering, missing: missing.map(({ name }) => name) }),
  );
};

/** By id: what was found is what is changed. So many ids fit into a request; more are named. */
const mostIds = 5000;
const isId = (target: string): boolean => /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(target);

const targetsOf = (hosts: readonly Host[]): object => {
  if (hosts.length > mostIds) return { range: foldHosts(hosts.map(({ name }) => name)) };
  const targets = hosts.flatMap(({ target }) => target ?? []);
  const ids = targets.filter(isId);
  const names = targets.filter((target) => !isId(target));
  return { ...(ids.length > 0 && { ids }), ...(names.length > 0 && { names }) };
};

const showPlan = ({ screen, globals }: Context, plan: PlanSeen): void => {
  if (globals().json) {
    screen.json({ plan });
    return;
  }
  for (const line of planLines(plan)) screen.line(line);
  screen.line(`Nothing was sent${plan.needs_plan ? '; so many are changed only by whoever says yes, or --yes' : ''}.`);
};

/** A plan that becomes another one while it is looked at is looked at again, but not for ever. */
const mostPlans = 3;

/** Begins it; where the service wants it to be seen first, it is shown and asked about. Null: no. */
const agreed = async (
  context: Context,
  session: Session,
  wish: Wish,
  { isAgreed }: Pace,
): Promise<{ readonly operation: OperationSeen } | { readonly failure: Failure } | null> => {
  const { screen, world } = context;
  let begun = await begin(session, wish, null, world.signal);
  for (let plans = 0; plans < mostPlans && 'failure' in begun; plans += 1) {
    const { code } = begun.failure;
    if (code !== 'plan-required' && code !== 'plan-outdated') return begun;
    const answer = await planOf(session, wish);
    if ('failure' in answer) return answer;
    const { plan } = answer;
    if (!isAgreed) {
      const what = `${plan.kind} on ${plan.total} machines`;
      if (world.stdin.isTTY !== true)
        throw new Fault(
          'invalid-input',
          `${what} wants a yes, and there is no terminal to ask at; look at it with --dry-run, and say --yes`,
        );
      for (const line of planLines(plan)) screen.note(line);
      if (!(await askYes(world, plain(`Go on with ${what}? [y/N] `)))) return null;
    }
    begun = await begin(session, wish, plan.hash, world.signal);
  }
  return begun;
};
