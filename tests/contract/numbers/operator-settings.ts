import { sql } from 'kysely'
import { expect } from 'vitest'
import { loadConfig } from '../../../src/config/config.ts'
import { defaultStopDelay } from '../../../src/config/stop-delay.ts'
import type { SettingName } from '../../../src/config/settings.ts'
import { newNote } from '../../notes/new-note.ts'
import { ask, logIn } from '../../support/people.ts'
import { operations } from '../harness/document-examples.ts'
import { everywhere, serveContract } from '../harness/served-contract.ts'
import { claim, type Claim, type Measure } from './claims.ts'
import { houseKeeping, keepsInTrash } from './keeping.ts'
import { type Lab, STEP } from './lab.ts'
import { rateMeasures } from './rates.ts'

const takes = (name: SettingName, text: string): void => void loadConfig({ [name]: text })

/** The largest and smallest value that a setting takes. */
const largest = (name: SettingName): Measure => {
  return async ({ value }) => {
    expect(() => takes(name, String(value))).not.toThrow()
    expect(() => takes(name, String(value + 1))).toThrow(name)
  }
}
const smallest = (name: SettingName): Measure => {
  return async ({ value }) => {
    expect(() => takes(name, String(value))).not.toThrow()
    expect(() => takes(name, String(value - 1))).toThrow(name)
  }
}

const KEY = 'abcdefghijklmnopqrstuvwxyz0123456789'.repeat(3)

const shortestKey: Measure = async ({ value, unit }) => {
  expect(unit).toBe('bytes')
  for (const name of ['SECRET_KEY', 'SECRET_KEY_ACCEPTED'] as const) {
    expect(() => takes(name, KEY.slice(0, value))).not.toThrow()
    expect(() => takes(name, KEY.slice(0, value - 1))).toThrow(name)
  }
}

const shortestToken: Measure = async ({ value, unit }) => {
  expect(unit).toBe('bytes')
  const given = { METRICS_PORT: '9100', METRICS_TOKEN: KEY.slice(0, value) }
  expect(() => loadConfig(given)).not.toThrow()
  expect(() => loadConfig({ ...given, METRICS_TOKEN: KEY.slice(0, value - 1) })).toThrow('METRICS_TOKEN')
}

const byDefault = (name: 'port' | 'workers' | 'poolSize' | 'passwordMinLength' | 'backupKeep'): Measure => {
  return async ({ value }) => expect(loadConfig({})[name]).toBe(value)
}

/** Clocks of other machines may differ by so much. */
const TOLERANCE = 30

const accessLife: Measure = async ({ value }, lab) => {
  const { email, password } = await lab.person()
  const { body } = await lab.token({ username: email, password })
  expect(body['expires_in']).toBe(value)
  const headers = { Authorization: `Bearer ${String(body['access_token'])}` }
  await lab.clock.pass(value - 1)
  expect((await lab.ask('GET', '/users/me', { headers })).status).toBe(200)
  await lab.clock.pass(1 + TOLERANCE)
  expect((await lab.ask('GET', '/users/me', { headers })).status).toBe(401)
}

async function refresh(lab: Lab, refreshToken: string): Promise<{ status: number; next: string }> {
  const { status, body } = await lab.token({ grant_type: 'refresh_token', refresh_token: refreshToken })
  return { status, next: String(body['refresh_token']) }
}

const idleLife: Measure = async ({ value }, lab) => {
  for (const [seconds, status] of [
    [value - STEP, 200],
    [value, 401],
  ] as const) {
    const { email, password } = await lab.person()
    const { refreshToken } = await logIn(lab.server, email, password)
    await lab.clock.pass(seconds)
    expect((await refresh(lab, refreshToken)).status, `after ${seconds} s`).toBe(status)
  }
}

/** However often it is refreshed meanwhile. */
const wholeLife: Measure = async ({ value }, lab) => {
  const { email, password } = await lab.person()
  let token = (await logIn(lab.server, email, password)).refreshToken
  for (const seconds of [value / 4, value / 4, value / 4, value / 4 - STEP]) {
    await lab.clock.pass(seconds)
    const { status, next } = await refresh(lab, token)
    expect(status).toBe(200)
    token = next
  }
  await lab.clock.pass(STEP)
  expect((await refresh(lab, token)).status).toBe(401)
}

const versionsKept: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  const { id, path } = await newNote(person)
  await sql`insert into note_revisions (note_id, version, text_version, title, tags, is_public, is_pinned, is_archived, created_at)
    select id, i, version, title, tags, false, false, false, now() from notes, generate_series(1, ${value}::int) i where id = ${id}`.execute(
    lab.server.db,
  )
  await sql`update notes set version = ${value + 1}, text_version = 1 where id = ${id}`.execute(lab.server.db)
  expect((await person.ask('PATCH', path, { body: { title: 'Second' } })).status).toBe(200)
  const { rows } = await sql<{ least: number; count: number }>`
    select min(version) as least, count(*) as count from note_revisions where note_id = ${id}`.execute(lab.server.db)
  expect(rows).toEqual([{ least: 2, count: value }])
}

const daysKept: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  const { id, path } = await newNote(person)
  await person.ask('PUT', path, { body: { title: 'Second' } })
  const kept = async () =>
    (await lab.server.db.selectFrom('note_revisions').select('version').where('note_id', '=', id).execute()).length
  await lab.clock.pass(value * 86_400)
  await houseKeeping(lab)
  expect(await kept()).toBe(1)
  await lab.clock.pass(STEP)
  await houseKeeping(lab)
  expect(await kept()).toBe(0)
}

/** What becomes of a reply that breaks the contract, as it is by default. */
const brokenReply: Measure = async ({ value }) => {
  const handlers = everywhere(
    operations.map(({ operationId }) => operationId),
    async (_, reply) => reply(200, { status: 'dead' }),
  )
  const server = await serveContract({ handlers, replies: loadConfig({}).replyValidation })
  expect((await ask(server, 'GET', '/health/live')).status).toBe(value)
  await server.stop()
}

const stopDelay = (isTerminal: boolean): Measure => {
  return async ({ value }) => expect(defaultStopDelay(isTerminal)).toBe(value)
}

const of = (
  name: SettingName,
  part: 'help' | 'fallback' | 'accepts',
  says: string,
  ...measures: readonly Measure[]
): Claim => claim(`settings/${name}/${part}`, says, ...measures)

/** Of a setting that takes a number or a time; a time without a unit is in seconds, as a figure is. */
const range = (name: SettingName): Claim => of(name, 'accepts', 'from # to #', smallest(name), largest(name))

export const settingClaims: readonly Claim[] = [
  of('PORT', 'fallback', '#', byDefault('port')),
  of('PORT', 'help', '; # takes a free one', smallest('PORT')),
  range('PORT'),
  of('SECRET_KEY', 'accepts', 'at least #', shortestKey),
  of('SECRET_KEY_ACCEPTED', 'accepts', 'at least #', shortestKey),
  of('METRICS_TOKEN', 'accepts', 'at least #', shortestToken),
  range('METRICS_PORT'),
  of('ACCESS_TOKEN_TTL', 'fallback', '#', accessLife),
  range('ACCESS_TOKEN_TTL'),
  of('REFRESH_TOKEN_TTL', 'fallback', '#', idleLife),
  range('REFRESH_TOKEN_TTL'),
  of('REFRESH_TOKEN_TTL', 'help', 'ends after # in any case', wholeLife),
  of('PASSWORD_MIN_LENGTH', 'fallback', '#', byDefault('passwordMinLength')),
  range('PASSWORD_MIN_LENGTH'),
  of('RATE_LIMIT_USER', 'fallback', '#', rateMeasures.ofAccount),
  of('RATE_LIMIT_USER', 'help', 'has #.', rateMeasures.windowOf),
  range('RATE_LIMIT_USER'),
  of('RATE_LIMIT_ADDRESS', 'fallback', '#', rateMeasures.ofAddress),
  of('RATE_LIMIT_ADDRESS', 'help', 'has # for requests', rateMeasures.windowOf),
  of('RATE_LIMIT_ADDRESS', 'help', 'A login costs #.', rateMeasures.ofLogin),
  range('RATE_LIMIT_ADDRESS'),
  range('BACKUP_EVERY'),
  of('BACKUP_KEEP', 'fallback', '#', byDefault('backupKeep')),
  range('BACKUP_KEEP'),
  of('WORKERS', 'fallback', '#', byDefault('workers')),
  range('WORKERS'),
  of('DATABASE_POOL_SIZE', 'fallback', '#', byDefault('poolSize')),
  range('DATABASE_POOL_SIZE'),
  of('HISTORY_VERSIONS', 'fallback', '#', versionsKept),
  range('HISTORY_VERSIONS'),
  of('HISTORY_DAYS', 'fallback', '#', daysKept),
  range('HISTORY_DAYS'),
  of('REPLY_VALIDATION', 'help', 'enforce sends a #,', brokenReply),
  of('STOP_DELAY', 'help', 'Empty: #, or # in a terminal', stopDelay(false), stopDelay(true)),
  range('STOP_DELAY'),
  of('TRASH_DAYS', 'fallback', '#', async ({ value }, lab) => keepsInTrash(lab, value)),
  range('TRASH_DAYS'),
]
