import { credentials } from './credentials.ts'
import { etag } from './etag.ts'
import { events } from './events.ts'
import { feed } from './feed.ts'
import { filters } from './filters.ts'
import { heads } from './heads.ts'
import { idempotency } from './idempotency.ts'
import type { Invariant } from './invariant.ts'
import { links } from './links.ts'
import { location } from './location.ts'
import { numbers } from './numbers.ts'
import { order } from './order.ts'
import { owners } from './owners.ts'
import { preconditions } from './preconditions.ts'
import { problems } from './problems.ts'
import { scopes } from './scopes.ts'
import { secrets } from './secrets.ts'
import { stories } from './stories.ts'
import { times } from './times.ts'
import { versions } from './versions.ts'

export const invariants: readonly Invariant[] = [
  etag,
  location,
  links,
  order,
  filters,
  feed,
  scopes,
  credentials,
  owners,
  times,
  versions,
  preconditions,
  stories,
  idempotency,
  events,
  problems,
  secrets,
  numbers,
  heads,
]
