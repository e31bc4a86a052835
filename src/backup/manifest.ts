import { BadBackup } from './bad-backup.ts'

/** What a backup holds. It is the last file in the archive, because only then all of it is known. */
export interface Manifest {
  readonly app_version: string
  readonly postgres_version: string
  /** When the transaction began whose state of the database this is. */
  readonly created_at: string
  /** The migrations that were applied to the tables, in their order. */
  readonly migrations: readonly string[]
  /** In an order in which each table comes after those that it refers to. */
  readonly tables: readonly TableContent[]
  /** The other files of the archive, in their order. */
  readonly files: readonly FileContent[]
}

export interface TableContent {
  readonly name: string
  readonly columns: readonly string[]
  readonly rows: number
}

export interface FileContent {
  readonly name: string
  readonly size: number
  readonly sha256: string
}

export const MANIFEST = 'manifest.json'
export const SECRET_KEY = 'secret_key'

const FOLDER = 'tables/'

/** The rows of a table are in several files, numbered from 1. */
export function fileOf(table: string, number: number): string {
  return `${FOLDER}${table}/${String(number).padStart(6, '0')}`
}

/** The table that a file belongs to. */
export function tableOf(file: string): string | undefined {
  return file.startsWith(FOLDER) ? file.split('/')[1] : undefined
}

/** Each row of COPY's text format ends with a line feed; one inside a value is written as \n. */
export function rowsIn(bytes: Buffer): number {
  let rows = 0
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) rows += 1
  return rows
}

export function readManifest(bytes: Buffer): Manifest {
  const value = parse(bytes.toString())
  if (!isManifest(value)) throw new BadBackup('has a manifest that this version does not understand')
  return value
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

type Members = Readonly<Record<string, unknown>>

function isManifest(value: unknown): value is Manifest {
  if (!isObject(value)) return false
  const { migrations, tables, files } = value
  return (
    ['app_version', 'postgres_version', 'created_at'].every((name) => typeof value[name] === 'string') &&
    isListOf(migrations, isText) &&
    isListOf(
      tables,
      (one) => isObject(one) && isText(one['name']) && isListOf(one['columns'], isText) && isCount(one['rows']),
    ) &&
    isListOf(files, (one) => isObject(one) && isText(one['name']) && isCount(one['size']) && isText(one['sha256']))
  )
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isListOf(value: unknown, isOne: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isOne)
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
