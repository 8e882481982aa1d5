// Why somebody was not signed in, and what to do.
import type { Refusal } from '../worker/protocol';
import { age } from './times';

export interface SignInTrouble {
  text: string;
  // The name is locked: there is a page about that.
  locked: boolean;
}

export function signInTrouble({ code, message, retryAfterMs }: Refusal, mode: 'password' | 'code'): SignInTrouble {
  const plain = (text: string) => ({ text, locked: false });
  switch (code) {
    case 'unauthenticated':
      return plain(mode === 'password' ? 'Name or password are wrong.' : 'This code is wrong, used or expired. Ask for a new one.');
    case 'resource_exhausted':
      // Only a lock says how long it lasts. A gateway that is busy, or asked too often from one address, has locked nobody.
      if (retryAfterMs === undefined) return plain(`Not tried: ${message}`);
      return { text: `Too many attempts with this name. Wait ${age(retryAfterMs)}, then try again.`, locked: true };
    case 'unavailable':
    case 'deadline_exceeded':
      return plain('The gateway cannot be reached. Check the connection and try again.');
    case 'invalid_argument':
      return plain(message);
    default:
      return plain(`Signing in failed: ${message}`);
  }
}
