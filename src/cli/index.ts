import { Command, CommanderError } from 'commander';
import { Fault } from '../domain/fault.ts';
import { accountsCommand } from './accounts.ts';
import { auditCommand } from './audit.ts';
import { withRotation } from './bmc-rotate.ts';
import { bmcCommand } from './bmc.ts';
import { bootCommand } from './boot.ts';
import { apiCommand } from './command.ts';
import { completionCommand } from './completion.ts';
import { secondsOf, type Context } from './context.ts';
import { eventsCommand } from './events.ts';
import { execCommand } from './exec.ts';
import { healthCommand } from './health.ts';
import { hostsCommand } from './hosts-fold.ts';
import { identifyCommand } from './identify.ts';
import { logCommand } from './log.ts';
import { inventoryCommand } from './inventory.ts';
import { lanCommand } from './lan.ts';
import { loginCommand, logoutCommand } from './login.ts';
import { machinesCommand } from './machines.ts';
import { operationsCommand } from './operations.ts';
import { powerCommand } from './power.ts';
import { schedulesCommand } from './schedules.ts';
import { runCommand } from './run.ts';
import { plain, screen, type Screen } from './screen.ts';
import { replicasCommand } from './replicas.ts';
import { selectorsCommand } from './selectors.ts';
import { sensorsCommand } from './sensors.ts';
import { sessionsCommand } from './sessions.ts';
import { subscriptionsCommand } from './subscriptions.ts';
import { watchdogCommand } from './watchdog.ts';
import { whoamiCommand } from './whoami.ts';
import type { World } from './world.ts';

/**
 * The command line, without the program's own name. Exit codes: 0 all went well, 1 some target failed, 2 it was not
 * understood, 3 there is no way in (credentials, Keystone, Igor's address), 4 of some target nobody knows whether it was done,
 * 130 Ctrl-C; `exec` on one host: the command's own.
 */
export const cli = async (argv: readonly string[], world: World): Promise<number> => {
  const shown = screen(world);
  let code = 0;
  world.stdout.on('error', (error: Error) => {
    // The reader of a pipe may leave early: that is his affair.
    if (!('code' in error && error.code === 'EPIPE')) code = 1;
  });
  try {
    await program(world, shown, (ended) => {
      code = ended;
    }).parseAsync(argv, { from: 'user' });
  } catch (error) {
    code = codeFor(error, shown);
  }
  return world.signal.aborted ? 130 : code;
};

const serviceWords = `
Words of the service itself:
  serve             Serve the API
  migrate           Bring the database up to date
  register          Put the service into Keystone's catalogue
  config check      Tell every fault of the configuration
  audit verify      Prove the journal whole, without the service
  key               Make, rotate and show the keys that seal credentials
  policy            Print, check and explain the rules`;

interface Typed {
  readonly osCloud?: string;
  readonly endpoint?: string;
  readonly json?: boolean;
  readonly timeout?: string;
  readonly wait?: string | true;
}

const program = (world: World, shown: Screen, end: (code: number) => void): Command => {
  const { version, stdout, stderr, operations } = world;
  const igor = new Command('igor')
    .description('Out-of-band gateway for OpenStack: power, boot, health and commands of your machines')
    .helpOption('--help', 'show what can be said')
    .version(version, '--version', 'show the version')
    .option('--os-cloud <name>', 'sign in as this entry of clouds.yaml (OS_CLOUD)')
    .option('--endpoint <url>', "Igor's address, in place of the catalogue's")
    .option('--json', 'answer with one JSON document')
    .option('--timeout <seconds>', 'how long one answer may take (75)')
    .option('--wait [seconds]', 'how long the service may wait for a busy controller, and power for the state')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'igor: ')),
      getOutHelpWidth: () => stdout.columns ?? 80,
      getErrHelpWidth: () => stderr.columns ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .hook('preAction', (_igor, action) => {
      if (igor.opts<Typed>().wait === true && action.name() !== 'power')
        throw new Fault('invalid-input', '--wait: say how many seconds');
    })
    .exitOverride()
    .addHelpText('after', serviceWords);

  const context: Context = {
    world,
    screen: shown,
    operations,
    end,
    globals: () => {
      const { osCloud, endpoint, json = false, timeout, wait } = igor.opts<Typed>();
      const timeoutS = secondsOf('--timeout', timeout);
      if (timeoutS === 0) throw new Fault('invalid-input', '--timeout: must be at least 1');
      return {
        json,
        timeoutS,
        waitS: wait === true ? null : secondsOf('--wait', wait),
        isWaitBare: wait === true,
        ...(osCloud !== undefined && { osCloud }),
        ...(endpoint !== undefined && { endpoint }),
      };
    },
  };
  const commands = [
    loginCommand(context),
    logoutCommand(context),
    whoamiCommand(context),
    machinesCommand(context),
    hostsCommand(context),
    selectorsCommand(context),
    powerCommand(context),
    bootCommand(context),
    healthCommand(context),
    logCommand(context),
    sensorsCommand(context),
    sessionsCommand(context),
    identifyCommand(context),
    inventoryCommand(context),
    watchdogCommand(context),
    lanCommand(context),
    withRotation(context, bmcCommand(context)),
    execCommand(context),
    schedulesCommand(context),
    accountsCommand(context),
    replicasCommand(context),
    operationsCommand(context),
    runCommand(context),
    auditCommand(context),
    eventsCommand(context),
    subscriptionsCommand(context),
    apiCommand(context),
    completionCommand(context, () => igor),
  ];
  for (const one of commands) igor.addCommand(one);
  settle(igor);
  return igor;
};

/** What a parent has settled holds for all below it. */
const settle = (parent: Command): void => {
  for (const child of parent.commands) settle(child.copyInheritedSettings(parent));
};

const codeFor = (error: unknown, shown: Screen): number => {
  // Commander has said what there is to say.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!(error instanceof Fault)) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    shown.note(`igor: ${plain(error.message)}`);
    return 1;
  }
  shown.note(`igor: ${plain(error.detail)}`);
  if (error.code === 'stopping') return 130;
  return error.code === 'invalid-input' ? 2 : 3;
};
