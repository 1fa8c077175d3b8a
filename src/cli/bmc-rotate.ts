import type { Command } from 'commander';
import { z } from 'zod';
import type { Aimed } from './aim.ts';
import { command, type Context } from './context.ts';
import { eachController } from './controllers.ts';
import { plain } from './screen.ts';

const rotated = z.looseObject({ username: z.string() });

/** A BMC takes a second or two; each is another one. */
const atOnce = 8;

/** Beside what else is done to controllers; their hosts are named there. */
export const withRotation = (context: Context, bmc: Command): Command =>
  bmc.addCommand(
    command('rotate', "Give Igor's own accounts there new passwords, which only Igor knows").action(async () =>
      eachController(context, bmc.opts<Aimed>().hosts, {
        schema: rotated,
        question: (target) => ({
          method: 'post',
          path: `/v1/controllers/${encodeURIComponent(target)}/credential/rotations`,
        }),
        line: (host, { username }) => `${host}: ${plain(username)} has a new password`,
        atOnce,
        isLong: true,
      }),
    ),
  );
