import { expect } from 'vitest'
import type { Answer, Person } from '../../support/people.ts'
import type { Measure } from './claims.ts'
import type { Lab } from './lab.ts'

/** The status of an answer that a sentence tells of. */
export function answers(request: (person: Person, lab: Lab) => Promise<Pick<Answer, 'status'>>): Measure {
  return async ({ value }, lab) => expect((await request(await lab.person(), lab)).status).toBe(value)
}
