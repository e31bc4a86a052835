/** Prints a line of what a program for people has to say. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
