import { z } from 'zod';

/** What an account, a channel or a cipher suite lets somebody do at most, rising. */
export const privilegeLimit = z.enum(['callback', 'user', 'operator', 'administrator', 'oem']);
export type PrivilegeLimit = z.infer<typeof privilegeLimit>;
