import { once } from 'node:events'

export interface Output {
  /** What was done: these lines for a person, or the value as one JSON document. */
  readonly tell: (value: object, lines: readonly string[]) => Promise<void>
  /** Rows as they come: a table with tabs, or a JSON document with one array. */
  readonly list: <R extends object>(list: List<R>, read: ReadRows<R>) => Promise<void>
}

export interface List<R> {
  /** The name of the array. */
  readonly name: string
  /** The heads of the columns, and what stands in them. */
  readonly columns: Readonly<Record<string, (row: R) => string | number>>
}

/** Gives `take` all rows, in batches. Nothing is written before the first one, which may be empty. */
type ReadRows<R> = (take: (rows: readonly R[]) => Promise<void>) => Promise<void>

export function createOutput(stream: NodeJS.WritableStream, isJson: boolean): Output {
  const write = async (text: string): Promise<void> => {
    if (!stream.write(text)) await once(stream, 'drain')
  }
  const print = (lines: readonly string[]): Promise<void> => write(lines.map((line) => `${line}\n`).join(''))
  return {
    tell: (value, lines) => print(isJson ? [JSON.stringify(value)] : lines),
    list: async ({ name, columns }, read) => {
      let isFirstBatch = true
      let isFirstRow = true
      await read(async (rows) => {
        if (isFirstBatch)
          await (isJson ? write(`{${JSON.stringify(name)}:[`) : print([Object.keys(columns).join('\t')]))
        isFirstBatch = false
        if (rows.length === 0) return
        if (isJson) {
          await write(`${isFirstRow ? '' : ','}\n${rows.map((row) => JSON.stringify(row)).join(',\n')}`)
        } else {
          await print(
            rows.map((row) =>
              Object.values(columns)
                .map((cell) => cell(row))
                .join('\t'),
            ),
          )
        }
        isFirstRow = false
      })
      if (isJson) await write('\n]}\n')
    },
  }
}
