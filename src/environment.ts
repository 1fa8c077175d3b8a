/** The whole environment, for words whose settings are a cloud's. Apart from config.ts, which the CLI need not load. */
export const environment = (): Readonly<Record<string, string | undefined>> => ({ ...process.env });
