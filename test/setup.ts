import { lingeringChildren, stopParts } from './support/parts.ts';

export const mochaHooks = {
  async afterAll(): Promise<void> {
    await stopParts();
    const left = await lingeringChildren();
    if (left.length > 0) throw new Error(`the tests left children behind: ${left.join(', ')}`);
  },
};
