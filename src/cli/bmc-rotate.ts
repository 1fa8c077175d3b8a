import type { Command } from 'commander';
import { z } from 'zod';
import type { Aimed } from './aim.ts';
import { command, type Context } from './context.ts';
import { changeControllers } from './fleet/change-each.ts';
import type { PaceFlags } from './fleet/pace.ts';
import { plain } from './screen.ts';

const rotated = z.looseObject({ username: z.string() });

/** A BMC takes a second or two; each is another one. */
const atOnce = 8;

/** Beside what else is done to controllers; their hosts and pace are said there. */
export const withRotation = (context: Context, bmc: Command): Command =>
  bmc.addCommand(
    command('rotate', "Give Igor's own accounts there new passwords, which only Igor knows").action(async () => {
      const { hosts, ...pace } = bmc.opts<Aimed & PaceFlags>();
      await changeControllers(context, hosts, pace, {
        kind: 'credential.rotate',
        parameters: {},
        schema: rotated,
        question: (target) => ({
          method: 'post',
          path: `/v1/controllers/${encodeURIComponent(target)}/credential/rotations`,
        }),
        line: (host, { username }) => plain(`${host}: ${username} has a new password`),
        atOnce,
        isLong: true,
      });
    }),
  );
