import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { machineBody, machineToWire } from '../domain/machine.ts';
import { mustHold } from './grant-input.ts';
import { mayRetag } from './grant-tags.ts';
import {
  bindingsFrom,
  controllerInput,
  endpointFrom,
  inlineBinding,
  machineFields,
  newController,
} from './machine-input.ts';

export const machineEnrol = operation({
  on: 'service',
  name: 'machine.enrol',
  summary: 'Enrol a machine for a project',
  method: 'post',
  path: '/machines',
  permission: 'oob:machine:enrol',
  effect: 'change',
  uses: ['machines', 'projects', 'drivers', 'reach', 'remote', 'register', 'rules'],
  input: z.strictObject({
    machine: z.strictObject({
      name: machineFields.name,
      project_id: machineFields.project_id.optional().describe("Your token's project, if absent"),
      description: machineFields.description.default(''),
      tags: machineFields.tags.default([]),
      ports: machineFields.ports.default([]),
      maintenance: machineFields.maintenance.default(false),
      bmc: controllerInput.optional().describe('Makes a controller for everything and binds it'),
      bindings: machineFields.bindings.default([]),
      ssh: machineFields.ssh.default(null),
    }),
  }),
  output: z.object({ machine: machineBody }),
  statuses: [201],
  faults: ['conflict'],
  answer: ({ machine: { id, revision } }) => ({ location: `/v1/machines/${id}`, revision }),

  async run({ caller, input, machines, projects, drivers, reach, remote, register, rules, href, signal }) {
    const { bmc, bindings, ssh, project_id: wanted = caller.identity.projectId, ...rest } = input.machine;
    const project = wanted === null ? null : await projects.find(wanted, caller, signal);
    if (project === null) throw new Fault('invalid-input', 'machine.project_id: Keystone shows you no such project');
    // Who gives it a tag that grants select on gives permissions on it.
    await mayRetag({ projectId: project.id, tags: [] }, rest.tags, register, (permission) =>
      mustHold(rules, caller, [permission], project.id),
    );
    const inline =
      bmc === undefined ? [] : [inlineBinding(await newController(bmc, project.id, { drivers, reach, signal }))];
    const machine = await machines.create({
      ...rest,
      projectId: project.id,
      projectDomainId: project.domainId,
      bindings: [...inline, ...bindingsFrom(bindings)],
      ssh: ssh && { ...(await endpointFrom(ssh, reach, signal)), ...remote.makeKeyPair(`igor:${rest.name}`) },
    });
    return { machine: machineToWire(machine, href) };
  },
});
