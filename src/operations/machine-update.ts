import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { machineBody, machineToWire } from '../domain/machine.ts';
import { bindingsFrom, endpointFrom, machineFields } from './machine-input.ts';
import { lesseeInput, loanTo } from './machine-lessee.ts';
import { retag } from './machine-tags.ts';

/** Who could aim Igor's key or sessions elsewhere would own them: these fields ask for a permission of their own. */
const aiming = ['project_id', 'ports', 'ssh', 'bindings'] as const;

export const machineUpdate = operation({
  on: 'machine',
  name: 'machine.update',
  summary: 'Change what is recorded of a machine',
  method: 'patch',
  path: '/machines/{machine}',
  permission: 'oob:machine:update',
  effect: 'change',
  uses: ['machines', 'projects', 'reach', 'remote', 'register', 'rules'],
  input: z.strictObject({ machine: z.strictObject({ ...machineFields, lessee: lesseeInput }).partial() }),
  output: z.object({ machine: machineBody }),
  faults: ['conflict'],
  answer: ({ machine }) => ({ revision: machine.revision }),

  async run({ caller, machine, input, machines, projects, reach, remote, register, rules, ...ambit }) {
    const { href, signal, demand, revision } = ambit;
    if (aiming.some((field) => input.machine[field] !== undefined)) demand('oob:machine:aim');
    if (input.machine.lessee !== undefined) demand('oob:machine:lend');
    const { project_id: wanted, bindings, ssh, lessee, tags, ...rest } = input.machine;
    if (wanted !== undefined && lessee !== undefined)
      throw new Fault('invalid-input', 'machine.lessee: is for the new owner to set');
    const project = wanted === undefined ? null : await projects.find(wanted, caller, signal);
    if (wanted !== undefined && project === null)
      throw new Fault('invalid-input', 'machine.project_id: Keystone shows you no such project');
    // An endpoint keeps the key pair that the machine has; the first one is given one.
    const keys =
      machine.ssh === null ? remote.makeKeyPair(`igor:${machine.name}`) : { publicKey: machine.ssh.publicKey };
    const others = {
      ...defined(rest),
      ...(project && { projectId: project.id, projectDomainId: project.domainId }),
      ...(bindings && { bindings: bindingsFrom(bindings) }),
      ...(lessee !== undefined && { loan: loanTo(lessee, machine, caller, rules) }),
      ...(ssh !== undefined && { ssh: ssh && { ...(await endpointFrom(ssh, reach, signal)), ...keys } }),
    };
    const changed =
      tags === undefined
        ? await machines.update(machine.id, others, revision)
        : await retag({ caller, machine, machines, register, demand, revision }, () => tags, others);
    if (wanted !== undefined || lessee !== undefined) register.forget();
    return { machine: machineToWire(changed, href) };
  },
});

/** Without the members that are absent in all but name. */
const defined = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  }; // what remains is defined
