import type { Command } from 'commander';
import { command, type Context } from './context.ts';
import { readCredentials } from './credentials.ts';
import { endpointOf } from './endpoint.ts';
import { plain } from './screen.ts';
import { signIn } from './session.ts';
import { tokenCache } from './token-cache.ts';

export const loginCommand = (context: Context): Command =>
  command('login', 'Sign in, and keep the token for the commands that follow').action(async () => {
    const { world, screen } = context;
    const { osCloud, endpoint: given, json } = context.globals();
    const credentials = await readCredentials(world, osCloud);
    const { cloud } = credentials;
    const signedIn = await signIn(world, credentials);
    const endpoint = endpointOf(signedIn.catalog, cloud, world.env, given);
    const cache = tokenCache(world, cloud);
    await cache.write({ ...signedIn, endpoint: given ?? null });
    const until = signedIn.expiresAt.toISOString();
    if (json) screen.json({ endpoint, expires_at: until, file: cache.path });
    else screen.line(plain(`Signed in until ${until}; Igor is at ${endpoint}`));
    context.end(0);
  });

export const logoutCommand = (context: Context): Command =>
  command('logout', 'Forget the token that login kept').action(async () => {
    const { world, screen } = context;
    const { osCloud, json } = context.globals();
    const { cloud } = await readCredentials(world, osCloud);
    const wasThere = await tokenCache(world, cloud).remove();
    if (json) screen.json({ forgotten: wasThere });
    else screen.line(wasThere ? 'The token is forgotten' : 'There was no token');
    context.end(0);
  });
