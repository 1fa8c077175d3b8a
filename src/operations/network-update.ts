import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { hostPort } from '../domain/host-port.ts';
import { mustFit, stateIn, stateOf } from '../domain/move.ts';
import { networkChannel, type NetworkChannel, type NetworkSetting } from '../domain/network.ts';
import { privilegeLimit } from '../domain/privilege-limit.ts';
import { Secret } from '../domain/secret.ts';

const ipv4 = z
  .strictObject({
    source: z.enum(['static', 'dhcp']),
    address: z.ipv4().describe('With dhcp: the one that is kept for it, by which it will be looked for'),
    netmask: z.ipv4(),
    gateway: z.ipv4().nullable().describe('Null: none'),
    backup_gateway: z.ipv4().nullable().describe('Null: none'),
  })
  .partial();

const input = z.strictObject({
  number: z
    .string()
    .regex(/^([1-9]|1[01])$/, 'must be the number of a channel, 1 to 11')
    .describe('The channel'),
  channel: z
    .strictObject({
      ipv4,
      vlan: z
        .strictObject({ id: z.int().min(1).max(4094), priority: z.int().min(0).max(7).default(0) })
        .nullable()
        .describe('Null: none'),
      access: z.strictObject({
        privilege_limit: privilegeLimit.extract(['user', 'operator', 'administrator']),
      }),
      snmp_community: z
        .string()
        .regex(/^[\x21-\x7e]{1,18}$/, 'must be 1 to 18 printable characters')
        .transform((value) => new Secret(value))
        .meta({ secret: true, description: 'Write-only' }),
    })
    .partial(),
});

export const networkUpdate = operation({
  on: 'controller',
  name: 'network.update',
  summary: "Change a controller's own network, prove it, and put it back when that fails",
  method: 'patch',
  path: '/controllers/{controller}/network/{number}',
  permission: 'oob:network:update',
  effect: 'disrupt',
  needs: ['network'],
  uses: ['mover', 'reach'],
  input,
  output: z.object({
    channel: networkChannel,
    address: z.string().describe('Where the controller was heard after the change'),
    recorded: z.boolean().describe('Whether its address on record became that one; a name on record is left'),
    operation_id: z.uuid(),
  }),
  faults: ['conflict', 'in-use'],

  async run({ id, caller, controller, input: { number: numbered, channel: wanted }, device, mover, reach, signal }) {
    const setting = settingOf(wanted);
    const number = Number(numbered);
    const [channel, identity] = [
      await device.network.channel(number, { signal }),
      await device.network.identity({ signal }),
    ];
    const before = stateOf(channel);
    mustFit(setting, before);
    mustLetUsIn(setting, channel, controller.options);
    // Igor sends nobody where it may not go itself.
    if (setting.ipv4?.address !== undefined) await reach.resolve(setting.ipv4.address, signal);
    const [known = ''] = await reach.resolve(controller.address, signal);
    const from = { address: known, port: controller.port };
    const goes = channel.in_use && isIPv4(known) && setting.ipv4?.address !== undefined;
    const to = { ...from, ...(goes && { address: setting.ipv4.address }) };
    if (identity === null)
      throw new Fault(
        'controller-unsupported',
        'it shows neither GUID nor MAC address, by which it could be known again',
      );
    const { identity: who, groups, requestId, globalRequestId } = caller;
    const ending = await mover.change(
      {
        controllerId: controller.id,
        projectId: controller.projectId,
        actId: id,
        caller: { identity: who, groups, requestId, globalRequestId },
        channel: number,
        from,
        to,
        before,
        wanted: stateIn(setting),
        identity,
      },
      setting,
      { network: device.network, signal },
    );
    const { place, recorded } = ending;
    return { channel: ending.channel, address: hostPort(place.address, place.port), recorded, operation_id: id };
  },
});

const settingOf = ({
  ipv4: given,
  vlan,
  access,
  snmp_community: community,
}: z.output<typeof input>['channel']): NetworkSetting => {
  const setting: NetworkSetting = {
    ...(given !== undefined && Object.keys(given).length > 0 && { ipv4: given }),
    ...(vlan !== undefined && { vlan }),
    ...(access !== undefined && { privilege_limit: access.privilege_limit }),
    ...(community !== undefined && { community }),
  };
  if (Object.keys(setting).length === 0) throw new Fault('invalid-input', 'channel: says nothing to change');
  return setting;
};

/** A limit below the privilege that Igor's own sessions ask for would end them, and every later one. */
const mustLetUsIn = (
  { privilege_limit: limit }: NetworkSetting,
  channel: NetworkChannel,
  options: Readonly<Record<string, unknown>>,
): void => {
  if (limit === undefined || !channel.in_use) return;
  const ours = privilegeLimit.safeParse(options['privilege']).data ?? 'administrator';
  if (privilegeLimit.options.indexOf(limit) < privilegeLimit.options.indexOf(ours))
    throw new Fault('invalid-input', `channel.access.privilege_limit: Igor itself comes in over it as ${ours}`);
};
