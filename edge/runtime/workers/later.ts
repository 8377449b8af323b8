// Work that goes on when the request that began it is answered: for 30 s at the most (developers.cloudflare.com, limits of waitUntil).
// What is stopped in its middle is taken up by the next cron trigger.
import { waitUntil } from 'cloudflare:workers'

export const later = (work: Promise<void>): void => waitUntil(work)
