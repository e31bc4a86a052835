/** Every setting of the server: the one list behind `--help`, `.env.example` and the README. */
export interface Setting {
  readonly name: string
  /** As it would be written; empty when there is none. */
  readonly fallback: string
  readonly help: string
}

export const settings = [
  { name: 'HOST', fallback: '127.0.0.1', help: 'Address to listen on. 0.0.0.0 opens the server to the network.' },
  { name: 'PORT', fallback: '8000', help: 'Port to listen on; 0 takes a free one.' },
  {
    name: 'DATABASE_URL',
    fallback: '',
    help: 'PostgreSQL 15 to 18, as postgres://user:password@host:5432/name. Empty: an embedded PostgreSQL under DATA_DIR.',
  },
  { name: 'DATA_DIR', fallback: './data', help: 'Where the embedded database and its secret key are kept.' },
  {
    name: 'SECRET_KEY',
    fallback: '',
    help: 'Signs tokens; at least 32 bytes. Required with DATABASE_URL; without it one is made and kept in DATA_DIR.',
  },
  {
    name: 'SECRET_KEY_ACCEPTED',
    fallback: '',
    help: 'A second key whose tokens are accepted but not made: the next or the former SECRET_KEY while it is being changed.',
  },
  {
    name: 'ACCESS_TOKEN_TTL',
    fallback: '15m',
    help: 'How long an access token lives: a number with s, m, h or d; at most 24h.',
  },
  {
    name: 'REFRESH_TOKEN_TTL',
    fallback: '30d',
    help: 'How long a session may rest unused; at most 90d, when it ends anyway.',
  },
  {
    name: 'REGISTRATION',
    fallback: 'open',
    help: 'Whether people may register themselves: open, or closed (see npm run admin).',
  },
  {
    name: 'PASSWORD_MIN_LENGTH',
    fallback: '8',
    help: 'How many characters a new password needs at least, from 8 to 64.',
  },
  {
    name: 'TRUSTED_PROXIES',
    fallback: '',
    help: 'Networks of proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8, separated by commas. Empty: none.',
  },
  { name: 'DATABASE_POOL_SIZE', fallback: '10', help: 'How many database connections the server holds at most.' },
  { name: 'HISTORY_VERSIONS', fallback: '1000', help: 'How many earlier versions of a note are kept at most.' },
  { name: 'HISTORY_DAYS', fallback: '365', help: 'For how many days earlier versions of a note are kept.' },
  { name: 'TRASH_DAYS', fallback: '30', help: 'After how many days in the trash a note is erased.' },
  {
    name: 'CORS_ORIGINS',
    fallback: '',
    help: 'Origins whose pages may call the API, separated by commas. Empty: none.',
  },
  {
    name: 'REPLY_VALIDATION',
    fallback: 'enforce',
    help: 'What happens to a reply that breaks the contract: enforce (500), log, or off.',
  },
  { name: 'LOG_LEVEL', fallback: 'info', help: 'trace, debug, info, warn, error, fatal or silent.' },
  { name: 'LOG_FORMAT', fallback: 'auto', help: 'pretty, json, or auto: pretty in a terminal, json otherwise.' },
] as const satisfies readonly Setting[]

export type SettingName = (typeof settings)[number]['name']

/** The text of `npm start -- --help`. */
export function helpText(version: string): string {
  const lines = settings.map(
    ({ name, fallback, help }) => `  ${name.padEnd(20)}${help}${fallback === '' ? '' : ` [${fallback}]`}`,
  )
  return [
    `notes-api ${version}: a self-hosted notes API.`,
    '',
    'Usage: npm start [-- --help | --version]',
    '',
    'Settings, from the environment or a .env file; the environment wins:',
    ...lines,
    '',
  ].join('\n')
}
