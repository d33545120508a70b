/** Every change, by whom and when. */

import { useState } from 'react';
import { api, got, type Schemas } from '../api/client.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import { Json, Page, Tag } from '../ui/kit.tsx';
import { person } from '../ui/text.ts';
import { Subject } from '../workflows/names.tsx';

export function Audit() {
  const [open, setOpen] = useState<Schemas['AuditView']>();
  return (
    <Page title="Audit" sub="Every change, by whom and when" fill>
      <DataTable
        label="Audit"
        queryKey={['audit']}
        page={(cursor) => got(api.GET('/api/v1/audit', { params: { query: { cursor, limit: 100 } } }))}
        keyOf={(one) => String(one.seq)}
        onOpen={setOpen}
        least={640}
        empty="Nothing was changed yet"
        columns={[
          {
            name: 'At',
            width: '190px',
            cell: (one) => <span className="text-soft">{new Date(one.at).toLocaleString()}</span>,
          },
          { name: 'Who', width: 'minmax(0,1fr)', cell: (one) => person(one.actor) },
          { name: 'Did', width: '180px', cell: (one) => <Tag>{one.action}</Tag> },
          { name: 'To', width: 'minmax(0,1.4fr)', cell: (one) => <Subject subject={one.subject} /> },
        ]}
      />
      {open ? (
        <Dialog title={`${open.action} · ${open.subject}`} onClose={() => setOpen(undefined)}>
          <p className="mb-3 text-soft">
            {person(open.actor)}, {new Date(open.at).toLocaleString()}
          </p>
          <Json value={open.details} />
        </Dialog>
      ) : null}
    </Page>
  );
}
