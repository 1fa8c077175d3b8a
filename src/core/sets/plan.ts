import { createHash } from 'node:crypto';
import { canonical } from '../../domain/canonical.ts';
import type { Caller } from '../../domain/caller.ts';
import { Fault } from '../../domain/fault.ts';
import type { Machine } from '../../domain/machine.ts';
import type { Strategy } from '../../domain/operation-set.ts';
import { powerAction } from '../../domain/power.ts';
import { Secret } from '../../domain/secret.ts';
import { foldHosts } from '../../domain/selection/fold.ts';
import type { Selection } from '../../domain/selection/wanted.ts';
import { decidedOrder, ordered } from '../../domain/set-order.ts';
import { mostAtOnce } from '../../domain/set-wish.ts';
import type { NewTarget } from '../../ports/operation-sets.ts';
import { decode } from '../decode.ts';
import type { Operation, Services } from '../operation.ts';
import type { Select } from '../selection.ts';
import { about, ofMachine, type Subject } from '../subject.ts';
import type { Planner } from './planned.ts';
import { ownedBy } from '../../domain/policy.ts';

export interface PlanPorts {
  readonly kinds: ReadonlyMap<string, Operation>;
  readonly select: Select;
  readonly controllers: Services['controllers'];
  readonly decide: Services['decide'];
  /** More targets than so many are changed only by a plan; 0: any number is. */
  readonly blastRadius: number;
  /** Between two machines that are powered on, unless the caller says. */
  readonly powerOnStaggerMs: number;
}

/**
 * Faults: `invalid-input` for what is no operation for sets or does not fit it, `not-found` naming what the caller cannot see,
 * `forbidden` naming where he may not do it; and those of the selection.
 */
export const planner = (ports: PlanPorts): Planner => {
  const targetsOf = async (caller: Caller, operation: Operation, selection: Selection): Promise<readonly Aim[]> => {
    const { machines, unknown } = await ports.select(caller, selection);
    if (unknown.length > 0) throw new Fault('not-found', `there is no ${named(unknown)}`);
    if (machines.length === 0) throw new Fault('not-found', 'nothing fits that selection');
    return operation.on === 'machine' ? machines.map(machineAim) : controllerAims(ports, caller, machines);
  };

  return async (caller, wish) => {
    const operation = ports.kinds.get(wish.kind);
    if (operation === undefined) throw new Fault('invalid-input', `kind: ${wish.kind} is not done to sets`);
    const input = decode(operation.input, wish.parameters);
    const aims = await targetsOf(caller, operation, wish.targets);
    const refused = aims.filter(({ subject }) => !ports.decide(caller, operation.permission, subject).permitted);
    if (refused.length > 0)
      throw new Fault(
        'forbidden',
        `${operation.permission} is not among what you may do to ${named(refused.map(({ name }) => name))}`,
      );

    const order = decidedOrder(wish.strategy.order, wish.kind, input);
    const inOrder = ordered(aims, order);
    const targets = inOrder.flatMap(({ index, after }): NewTarget[] => {
      const aim = aims[index];
      return aim === undefined ? [] : [{ ...aim.target, after }];
    });
    const { max_parallel: maxParallel, stagger_ms: staggerMs, stop_after_failures: stopAfterFailures } = wish.strategy;
    const strategy: Strategy = {
      maxParallel: maxParallel ?? mostAtOnce,
      staggerMs: staggerMs ?? (targets.length > 1 && comesOn(wish.kind, input) ? ports.powerOnStaggerMs : 0),
      stopAfterFailures: stopAfterFailures ?? null,
      order,
    };
    const parameters: unknown = JSON.parse(JSON.stringify(input)); // a secret prints as `[secret]`
    const changes = operation.effect === 'change' || operation.effect === 'disrupt';
    return {
      kind: operation.name,
      effect: operation.effect,
      parameters,
      secretParameters: holdsSecret(input) ? new Secret(JSON.stringify(wish.parameters)) : null,
      targets,
      folded: foldHosts(targets.map(({ name }) => name)),
      strategy,
      hash: hashOf({
        kind: wish.kind,
        parameters,
        strategy,
        targets: targets.map(({ id, after }) => [id, after]),
        project: caller.identity.projectId,
      }),
      needsConsent: changes && ports.blastRadius > 0 && targets.length > ports.blastRadius,
    };
  };
};

/** A machine, or a controller behind machines. */
interface Aim extends Pick<Machine, 'bindings'> {
  readonly name: string;
  readonly subject: Subject;
  readonly target: Omit<NewTarget, 'after'>;
}

const machineAim = (machine: Machine): Aim => ({
  name: machine.name,
  bindings: machine.bindings,
  subject: ofMachine(machine),
  target: {
    kind: 'machine',
    id: machine.id,
    name: machine.name,
    projectId: machine.projectId,
    controllerId: powerOf(machine)?.controllerId ?? null,
  },
});

/** Those that carry the machines' power, each once, under the name of the first machine. */
const controllerAims = async (
  { controllers }: PlanPorts,
  { scope }: Caller,
  machines: readonly Machine[],
): Promise<readonly Aim[]> => {
  const names = new Map<string, string>();
  for (const machine of machines) {
    const id = powerOf(machine)?.controllerId;
    if (id === undefined) throw new Fault('controller-unsupported', `${machine.name} has no controller`);
    if (!names.has(id)) names.set(id, machine.name);
  }
  const aims: Aim[] = [];
  for (const [id, name] of names) {
    const { projectId, machineProjects } = await controllers.get(id, scope);
    const owner = machineProjects.every((one) => one === projectId) ? projectId : null;
    const target = { kind: 'controller', id, name, projectId: owner, controllerId: id } as const;
    aims.push({ name, bindings: [], subject: about('controller', ownedBy(owner)), target });
  }
  return aims;
};

const powerOf = ({ bindings }: Machine): Machine['bindings'][number] | undefined =>
  bindings.find(({ roles }) => roles.includes('power')) ?? bindings[0];

const comesOn = (kind: string, input: Readonly<Record<string, unknown>>): boolean => {
  const action = kind === 'power.set' ? powerAction.safeParse(input['target']).data : undefined;
  return action === 'on' || action === 'cycle' || action === 'reset';
};

const holdsSecret = (value: unknown): boolean =>
  value instanceof Secret || (typeof value === 'object' && value !== null && Object.values(value).some(holdsSecret));

/** As much of it as a message can bear. */
const mostNamed = 500;
const named = (names: readonly string[]): string => {
  const folded = foldHosts(names);
  return folded.length <= mostNamed ? folded : `${folded.slice(0, mostNamed)}… (${names.length} in all)`;
};

const hashOf = (value: unknown): string => createHash('sha256').update(canonical(value)).digest('hex');
