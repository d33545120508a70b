/** A list of any length: pages come from the server as one scrolls, and only what is seen is drawn. */

import { type QueryKey, useInfiniteQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef } from 'react';
import type { Paged } from '../api/client.ts';
import { Empty, Failed, Loading } from './kit.tsx';

export interface Column<T> {
  name: string;
  /** As in `grid-template-columns`. */
  width: string;
  end?: boolean;
  cell: (row: T) => ReactNode;
}

const ROW = 40;

export function DataTable<T>({
  label,
  queryKey,
  page,
  columns,
  keyOf,
  onOpen,
  empty,
  least = 640,
  chosen,
  height,
}: {
  label: string;
  queryKey: QueryKey;
  page: (cursor: string | undefined) => Promise<Paged<T>>;
  columns: Column<T>[];
  keyOf: (row: T) => string;
  onOpen?: (row: T) => void;
  empty: ReactNode;
  /** Narrower than this, it scrolls sideways. */
  least?: number;
  /** Which rows are ticked, and how that changes. */
  chosen?: { keys: Set<string>; set: (keys: Set<string>) => void };
  /** At most so high, for a list among other things. */
  height?: string;
}) {
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => page(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const rows = useMemo(() => query.data?.pages.flatMap((one) => one.items) ?? [], [query.data]);
  const scroll = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW,
    overscan: 12,
    getItemKey: (index) => (rows[index] ? keyOf(rows[index]) : index),
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && last >= rows.length - 20) {
      void fetchNextPage();
    }
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, last, rows.length]);

  const template = `${chosen ? '34px ' : ''}${columns.map((column) => column.width).join(' ')}`;
  const walk = (event: KeyboardEvent, row: T, index: number) => {
    const by = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
    if (by && event.target === event.currentTarget) {
      event.preventDefault();
      virtual.scrollToIndex(Math.max(0, Math.min(rows.length - 1, index + by)));
      scroll.current?.querySelector<HTMLElement>(`[data-index="${index + by}"]`)?.focus();
    } else if (event.key === 'Enter' && event.target === event.currentTarget) {
      onOpen?.(row);
    } else if (event.key === 'x' && chosen && event.target === event.currentTarget) {
      toggle(chosen, keyOf(row));
    }
  };
  return (
    <div
      ref={scroll}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
      tabIndex={0}
      role="table"
      aria-label={label}
      aria-rowcount={hasNextPage ? -1 : rows.length}
      className={`relative min-h-0 overflow-auto rounded-lg border bg-card ${height ? '' : 'shrink'}`}
      style={height ? { maxHeight: height } : undefined}
    >
      <div role="rowgroup" className="sticky top-0 z-10 border-b bg-card" style={{ minWidth: least }}>
        <div
          role="row"
          className="grid h-9 items-center gap-4 px-4 text-[12px] text-soft"
          style={{ gridTemplateColumns: template }}
        >
          {chosen ? (
            <span role="columnheader">
              <input
                type="checkbox"
                aria-label="All that are loaded"
                className="size-4 accent-accent align-middle"
                checked={rows.length > 0 && rows.every((row) => chosen.keys.has(keyOf(row)))}
                onChange={(event) => chosen.set(new Set(event.target.checked ? rows.map(keyOf) : []))}
              />
            </span>
          ) : null}
          {columns.map((column) => (
            <span key={column.name} role="columnheader" className={`truncate ${column.end ? 'text-right' : ''}`}>
              {column.name}
            </span>
          ))}
        </div>
      </div>
      {query.error && rows.length === 0 ? (
        <Note>
          <Failed error={query.error} again={() => void query.refetch()} />
        </Note>
      ) : query.isPending ? (
        <Note>
          <Loading lines={8} />
        </Note>
      ) : rows.length === 0 ? (
        <Note>{typeof empty === 'string' ? <Empty title={empty} /> : empty}</Note>
      ) : (
        <div role="rowgroup" style={{ height: virtual.getTotalSize(), minWidth: least }} className="relative">
          {items.map((item) => {
            const row = rows[item.index];
            if (row === undefined) {
              return null;
            }
            return (
              <div
                key={item.key}
                data-index={item.index}
                role="row"
                aria-rowindex={item.index + 2}
                tabIndex={onOpen ? 0 : undefined}
                onClick={(event) => {
                  const isOther = (event.target as Element).closest('a,button,input,select,dialog');
                  if (!isOther && !window.getSelection()?.toString()) {
                    onOpen?.(row);
                  }
                }}
                onKeyDown={(event) => walk(event, row, item.index)}
                className={`absolute top-0 left-0 grid w-full items-center gap-4 border-b px-4 last:border-b-0 -outline-offset-2! ${
                  onOpen ? 'cursor-pointer' : ''
                } ${chosen?.keys.has(keyOf(row)) ? 'bg-accent-soft' : 'hover:bg-hover'}`}
                style={{ gridTemplateColumns: template, height: ROW, transform: `translateY(${item.start}px)` }}
              >
                {chosen ? (
                  <span role="cell">
                    <input
                      type="checkbox"
                      aria-label="Choose this one"
                      className="size-4 accent-accent align-middle"
                      checked={chosen.keys.has(keyOf(row))}
                      onChange={() => toggle(chosen, keyOf(row))}
                    />
                  </span>
                ) : null}
                {columns.map((column) => (
                  <span key={column.name} role="cell" className={`min-w-0 truncate ${column.end ? 'text-right' : ''}`}>
                    {column.cell(row)}
                  </span>
                ))}
              </div>
            );
          })}
        </div>
      )}
    </div>
  );
}

/** What stands where rows would. */
function Note({ children }: { children: ReactNode }) {
  return (
    <div role="rowgroup">
      <div role="row">
        <div role="cell" className="sticky left-0 max-w-[90vw]">
          {children}
        </div>
      </div>
    </div>
  );
}

function toggle(chosen: { keys: Set<string>; set: (keys: Set<string>) => void }, key: string): void {
  const keys = new Set(chosen.keys);
  if (!keys.delete(key)) {
    keys.add(key);
  }
  chosen.set(keys);
}
