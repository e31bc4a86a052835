/** The open list items at one place of a text, innermost first. Equal stacks are the same object, so `===` works. */
export interface ListItems {
  /** The column at which the content of the innermost item begins; 0 at the root, outside all lists. */
  readonly column: number
  readonly parent: ListItems | undefined
  /** The stacks with one more item: the first one made, and the others by column. */
  deeper: ListItems | undefined
  others: Map<number, ListItems> | undefined
}

/** No item is open. */
export function noItems(): ListItems {
  return stack(0, undefined)
}

/** The stack with one more item, whose content begins at `column`. */
export function withItem(items: ListItems, column: number): ListItems {
  if (items.deeper === undefined) items.deeper = stack(column, items)
  if (items.deeper.column === column) return items.deeper
  items.others ??= new Map()
  const known = items.others.get(column) ?? stack(column, items)
  items.others.set(column, known)
  return known
}

function stack(column: number, parent: ListItems | undefined): ListItems {
  return { column, parent, deeper: undefined, others: undefined }
}
