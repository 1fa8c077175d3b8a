import { z } from 'zod';
import { Fault } from '../domain/fault.ts';
import type { Capabilities, Capability, Driver, Endpoint, Link } from '../ports/controller.ts';

/** A driver: a link to a controller and, for each capability, a function from the link to it. */
export interface Declaration<Options extends z.ZodType, Way extends Link> {
  readonly name: string;
  /** The port that its protocol usually takes. */
  readonly port: number;
  readonly options: Options;
  readonly capabilities: { readonly [C in Capability]?: (link: Way) => Capabilities[C] };
  /** Sends nothing yet. Faults: `invalid-input` for what the protocol cannot carry. */
  connect(endpoint: Endpoint & { readonly options: z.infer<Options> }): Way;
  readonly probe?: NonNullable<Driver['probe']>;
  /** Ends what serves all its links; they have been closed. */
  end?(): Promise<void>;
}

/** A driver offers what its declaration has keys for: there is no second list. */
export const driver = <Options extends z.ZodType, Way extends Link>(declaration: Declaration<Options, Way>): Driver => {
  const { name, port, options, capabilities } = declaration;
  // The keys of the mapped type are capabilities; `Object.entries` knows them only as strings.
  const offered = Object.entries(capabilities) as [Capability, (link: Way) => Capabilities[Capability]][];

  return {
    name,
    port,
    options,
    offers: new Set(offered.map(([capability]) => capability)),
    ...(declaration.probe === undefined ? {} : { probe: declaration.probe }),
    open(endpoint) {
      const accepted = options.safeParse(endpoint.options);
      if (!accepted.success) {
        throw new Fault('invalid-input', `options of ${name}: ${z.prettifyError(accepted.error)}`);
      }
      const link = declaration.connect({ ...endpoint, options: accepted.data });
      let disposed: Promise<void> | undefined;

      return {
        device: Object.fromEntries(offered.map(([capability, make]) => [capability, make(link)])),
        get isSound() {
          return link.isSound && disposed === undefined;
        },
        login: async (call) => link.login(call),
        keepAlive: async (call) => link.keepAlive(call),
        [Symbol.asyncDispose]: async () => (disposed ??= close(link)),
      };
    },
    [Symbol.asyncDispose]: async () => declaration.end?.(),
  };
};

/** A link that cannot be closed is closed as far as anyone can do anything about it. */
const close = async (link: AsyncDisposable): Promise<void> => {
  try {
    await link[Symbol.asyncDispose]();
  } catch {
    return;
  }
};
