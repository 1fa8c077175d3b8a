import { pino } from 'pino';
import { serve } from '../serve.ts';
import { complain, configured, sentenceOf, takesNothing } from './say.ts';

/** Serves until SIGTERM or SIGINT; a second signal ends at once. */
export const serveWord = async (args: readonly string[]): Promise<number> => {
  if (!takesNothing('serve', args)) return 2;
  const config = configured({ cloud: true });
  if (config === null) return 2;
  const log = pino({
    level: config.settings.IGOR_LOG_LEVEL,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
  const asked = new Promise<void>((resolve) => {
    let asks = 0;
    const ask = (): void => {
      asks += 1;
      if (asks > 1) process.exit(1);
      resolve();
    };
    process.on('SIGTERM', ask);
    process.on('SIGINT', ask);
  });
  try {
    const service = await serve(config, log);
    await asked;
    await service.stop();
    return 0;
  } catch (error) {
    log.error({ err: error }, 'service.failed');
    complain(sentenceOf(error));
    return 1;
  }
};
