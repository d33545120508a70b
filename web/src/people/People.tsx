/** Who may do what: members with their roles, and keys for programs. */

import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { api, got, type Schemas } from '../api/client.ts';
import { Act, Now } from '../ui/Act.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import { SecretDialog } from '../ui/Dialog.tsx';
import { Page, State, Tabs, Tag, When } from '../ui/kit.tsx';
import { person } from '../ui/text.ts';

const ROLES = ['viewer', 'operator', 'developer', 'admin', 'owner'];

export function People() {
  const { tab = 'people' } = getRouteApi('/inside/people').useSearch();
  const [secret, setSecret] = useState<{ title: string; secret: string }>();
  return (
    <Page
      title="People and keys"
      fill
      actions={
        tab === 'keys' ? (
          <Act
            label="New key"
            tone="main"
            title="New API key"
            touches="keys"
            needs="key:write"
            fields={[
              { name: 'name', label: 'Name', help: 'The program that uses it.' },
              { name: 'role', label: 'Role', kind: 'choice', options: ROLES, initial: 'operator' },
              {
                name: 'scopes',
                label: 'Only these permissions',
                kind: 'list',
                help: 'Such as workflow:run; all of the role when empty.',
              },
              { name: 'expires', label: 'Ends', kind: 'time', optional: true },
            ]}
            onDo={async (values) =>
              setSecret({
                title: 'API key',
                secret: (await got(api.POST('/api/v1/api-keys', { body: values as never }))).secret,
              })
            }
          />
        ) : (
          <Act
            label="Invite"
            tone="main"
            title="Invite somebody"
            touches="users"
            needs="user:write"
            fields={[
              { name: 'email', label: 'Email', kind: 'email' },
              { name: 'role', label: 'Role', kind: 'choice', options: ROLES, initial: 'operator' },
            ]}
            onDo={async (values) =>
              setSecret({
                title: 'Invitation',
                secret: (await got(api.POST('/api/v1/users', { body: values as never }))).link,
              })
            }
          />
        )
      }
    >
      <Tabs
        shown={tab}
        tabs={[
          { id: 'people', label: 'People' },
          { id: 'keys', label: 'API keys' },
        ]}
      />
      {tab === 'keys' ? (
        <Keys />
      ) : (
        <Members onLink={(link) => setSecret({ title: 'Link to a new password', secret: link })} />
      )}
      {secret ? <SecretDialog {...secret} onClose={() => setSecret(undefined)} /> : null}
    </Page>
  );
}

function Members({ onLink }: { onLink: (link: string) => void }) {
  return (
    <DataTable
      label="People"
      queryKey={['users']}
      page={(cursor) => got(api.GET('/api/v1/users', { params: { query: { cursor, limit: 100 } } }))}
      keyOf={(one) => one.id}
      least={720}
      empty="Nobody"
      columns={[
        { name: 'Name', width: 'minmax(0,1fr)', cell: (one) => <span className="font-medium">{one.name || '–'}</span> },
        { name: 'Email', width: 'minmax(0,1.4fr)', cell: (one) => one.email },
        { name: 'Role', width: '100px', cell: (one) => <Tag>{one.role}</Tag> },
        { name: 'Since', width: '86px', cell: (one) => <When at={one.since} /> },
        {
          name: 'Do',
          width: '230px',
          end: true,
          cell: (one) => (
            <span className="flex justify-end gap-1">
              <Act
                label="Role"
                small
                title={`Role of ${one.email}`}
                touches="users"
                needs="user:write"
                fields={[{ name: 'role', label: 'Role', kind: 'choice', options: ROLES, initial: one.role }]}
                onDo={({ role }) =>
                  got(
                    api.PUT('/api/v1/users/{id}/role', {
                      params: { path: { id: one.id } },
                      body: { role: role as Schemas['RoleName'] },
                    }),
                  )
                }
              />
              <Now
                label="Password"
                told="The link is made."
                touches="users"
                needs="user:write"
                onDo={async () =>
                  onLink(
                    (await got(api.POST('/api/v1/users/{id}/password-link', { params: { path: { id: one.id } } })))
                      .link,
                  )
                }
              />
              <Act
                label="Remove"
                small
                tone="quiet"
                title={`Remove ${one.email}?`}
                touches="users"
                needs="user:write"
                onDo={() => got(api.DELETE('/api/v1/users/{id}', { params: { path: { id: one.id } } }))}
              />
            </span>
          ),
        },
      ]}
    />
  );
}

function Keys() {
  return (
    <DataTable
      label="API keys"
      queryKey={['keys']}
      page={(cursor) => got(api.GET('/api/v1/api-keys', { params: { query: { cursor, limit: 100 } } }))}
      keyOf={(one) => one.id}
      least={760}
      empty="No keys yet"
      columns={[
        { name: 'Name', width: 'minmax(0,1fr)', cell: (one) => <span className="font-medium">{one.name}</span> },
        {
          name: 'Key',
          width: '120px',
          cell: (one) => <span className="font-mono text-[12px] text-soft">{one.hint}…</span>,
        },
        { name: 'Role', width: '90px', cell: (one) => <Tag>{one.role}</Tag> },
        {
          name: 'By',
          width: 'minmax(0,1fr)',
          cell: (one) => <span className="text-soft">{person(one.created_by)}</span>,
        },
        { name: 'Used', width: '86px', cell: (one) => <When at={one.last_used} /> },
        {
          name: 'Ends',
          width: '86px',
          cell: (one) => (one.revoked ? <State state="revoked" /> : <When at={one.expires} />),
        },
        {
          name: 'Do',
          width: '80px',
          end: true,
          cell: (one) =>
            one.revoked ? null : (
              <Act
                label="Revoke"
                small
                tone="quiet"
                title={`Revoke ${one.name}?`}
                touches="keys"
                needs="key:write"
                onDo={() => got(api.DELETE('/api/v1/api-keys/{id}', { params: { path: { id: one.id } } }))}
              />
            ),
        },
      ]}
    />
  );
}
