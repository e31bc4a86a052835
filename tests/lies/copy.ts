import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Caches of tools in node_modules, which are valid for one tree only: each copy gets its own. */
const KEPT_APART = new Set(['.cache', '.vite', '.vite-temp', '.vitest'])

/** Copies the project from the working tree: tracked files with their changes, and new files that are not ignored. */
export function copyProject(root: string, scratch: string): string {
  const directory = mkdtempSync(join(scratch, 'notes-api-lies-'))
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  for (const file of new Set(listed.split('\0'))) {
    // A tracked file may have been deleted.
    if (file === '' || !existsSync(join(root, file))) continue
    mkdirSync(dirname(join(directory, file)), { recursive: true })
    copyFileSync(join(root, file), join(directory, file))
  }
  linkPackages(join(root, 'node_modules'), join(directory, 'node_modules'))
  return directory
}

export function removeCopy(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
}

/** Links each package by itself, so that no tool writes into the project's own node_modules. */
function linkPackages(from: string, to: string): void {
  if (!existsSync(from)) return
  mkdirSync(to)
  for (const name of readdirSync(from)) if (!KEPT_APART.has(name)) symlinkSync(join(from, name), join(to, name))
}
