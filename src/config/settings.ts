import { backupSettings } from './backup-settings.ts'
import { databaseSettings } from './database-settings.ts'
import { metricsSettings } from './metrics-settings.ts'
import {
  duration,
  hostName,
  integer,
  networks,
  oneOf,
  optional,
  origins,
  path,
  publicUrl,
  secretKey,
} from './readers.ts'
import { rateLimitSettings } from './rate-limit-settings.ts'
import type { Setting } from './setting.ts'

/**
 * Every setting. `Config`, `--help` and `.env.example` are made from this table; tests/config.test.ts compares the
 * README and compose.yaml with it.
 */
export const settings = [
  {
    name: 'HOST',
    field: 'host',
    fallback: '127.0.0.1',
    reader: hostName,
    help: 'Address to listen on. 0.0.0.0 opens the server to the network.',
  },
  {
    name: 'PORT',
    field: 'port',
    fallback: '8000',
    reader: integer(0, 65_535),
    help: 'Port to listen on; 0 takes a free one.',
  },
  {
    // undefined: a reply names paths, as at the root of a host.
    name: 'PUBLIC_URL',
    field: 'publicUrl',
    fallback: '',
    reader: optional(publicUrl),
    help: 'The address of the server for its clients, behind a proxy. Empty: addresses in replies begin with the path.',
  },
  ...databaseSettings,
  {
    name: 'DATA_DIR',
    field: 'dataDir',
    fallback: './data',
    reader: path,
    help: 'Directory of the embedded database and its secret key.',
  },
  ...backupSettings,
  {
    // undefined only with the embedded database.
    name: 'SECRET_KEY',
    field: 'secretKey',
    fallback: '',
    reader: optional(secretKey),
    help: 'Signs the tokens. Required with DATABASE_URL; otherwise the server makes a key and keeps it in DATA_DIR.',
  },
  {
    name: 'SECRET_KEY_ACCEPTED',
    field: 'secretKeyAccepted',
    fallback: '',
    reader: optional(secretKey),
    help: 'A second key whose tokens are also accepted: the next or the previous SECRET_KEY while you change it.',
  },
  {
    name: 'ACCESS_TOKEN_TTL',
    field: 'accessTokenSeconds',
    fallback: '15m',
    reader: duration('1s', '24h'),
    help: 'How long an access token is valid.',
  },
  {
    name: 'REFRESH_TOKEN_TTL',
    field: 'refreshTokenSeconds',
    fallback: '30d',
    reader: duration('1s', '90d'),
    help: 'How long a session may stay unused. It ends after 90 days in any case.',
  },
  {
    name: 'REGISTRATION',
    field: 'registration',
    fallback: 'open',
    reader: oneOf('open', 'closed'),
    help: 'Whether people may register themselves. If closed, you create their accounts with npm run admin.',
  },
  {
    name: 'PASSWORD_MIN_LENGTH',
    field: 'passwordMinLength',
    fallback: '8',
    reader: integer(8, 64),
    help: 'Minimum number of characters in a new password.',
  },
  {
    name: 'TRUSTED_PROXIES',
    field: 'trustedProxies',
    fallback: '',
    reader: networks,
    help: 'Proxies whose X-Forwarded-For header is trusted. Empty: none.',
  },
  ...rateLimitSettings,
  {
    name: 'WORKERS',
    field: 'workers',
    fallback: '1',
    reader: integer(1, 64),
    help: 'How many processes serve requests. If several do, npm run reload replaces them without a pause.',
  },
  {
    name: 'DATABASE_POOL_SIZE',
    field: 'poolSize',
    fallback: '10',
    reader: integer(1, 1_000),
    help: 'Maximum number of connections in the database pool of each process.',
  },
  {
    name: 'HISTORY_VERSIONS',
    field: 'historyVersions',
    fallback: '1000',
    reader: integer(1, 100_000),
    help: 'Maximum number of earlier versions kept of a note.',
  },
  {
    name: 'HISTORY_DAYS',
    field: 'historyDays',
    fallback: '365',
    reader: integer(1, 36_500),
    help: 'Number of days for which earlier versions of a note are kept.',
  },
  {
    name: 'TRASH_DAYS',
    field: 'trashDays',
    fallback: '30',
    reader: integer(1, 3_650),
    help: 'Number of days after which a note in the trash is erased.',
  },
  {
    name: 'CORS_ORIGINS',
    field: 'corsOrigins',
    fallback: '',
    reader: origins,
    help: 'Origins whose pages may call the API. Empty: none.',
  },
  {
    name: 'REPLY_VALIDATION',
    field: 'replyValidation',
    fallback: 'enforce',
    reader: oneOf('enforce', 'log', 'off'),
    help: 'What happens to a reply that breaks the contract: enforce sends a 500, log sends it and logs, off sends it.',
  },
  {
    // undefined: it depends on the terminal.
    name: 'STOP_DELAY',
    field: 'stopDelaySeconds',
    fallback: '',
    reader: optional(duration('0s', '5s')),
    help: 'How long a stopping server still takes requests while /health says so. Empty: 2s, or 0s in a terminal.',
  },
  ...metricsSettings,
  {
    name: 'LOG_LEVEL',
    field: 'logLevel',
    fallback: 'info',
    reader: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    help: 'The least severe level that is logged.',
  },
  {
    name: 'LOG_FORMAT',
    field: 'logFormat',
    fallback: 'auto',
    reader: oneOf('auto', 'pretty', 'json'),
    help: 'How a log line looks; auto is pretty in a terminal and json otherwise.',
  },
] as const satisfies readonly Setting[]

export type SettingName = (typeof settings)[number]['name']
