/** The top of the designer: what it is, whether it is kept, and what can be done with all of it. */

import { CircleAlert, FileInput, Keyboard, Play, Upload } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button, Switch, ago, person } from './controls.tsx';
import { mergePublished, takeTheirs } from './drafts.ts';
import { listen } from './live.ts';
import { type OpenDraft, server } from './server.ts';
import { type View, useDesigner, useDesignerStore } from './store.ts';

export function Bar({ onOpen }: { onOpen: (dialog: 'run' | 'publish' | 'import' | 'keys') => void }) {
  const store = useDesignerStore();
  const name = useDesigner((state) => state.model.name ?? state.workflow);
  const view = useDesigner((state) => state.view);
  const problems = useDesigner((state) => state.problems);
  const error = useDesigner((state) => state.error);
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  return (
    <header className="dz-bar">
      <div className="dz-title">
        <h1>{name}</h1>
        <KeepingLine />
      </div>
      <Presence />
      <Switch<View>
        label="View"
        value={view}
        options={[
          { value: 'canvas', label: 'Canvas' },
          { value: 'both', label: 'Both' },
          { value: 'text', label: 'Text' },
        ]}
        onChange={(next) => store.getState().show({ view: next })}
      />
      {problems.length > 0 ? (
        <Button
          aria-label={problems.length === 1 ? '1 problem' : `${problems.length} problems`}
          title="Show what is wrong"
          onClick={() => store.getState().show({ side: 'problems' })}
        >
          <CircleAlert size={16} className={errors > 0 ? 'dz-tone-bad' : 'dz-tone-warn'} aria-hidden /> {problems.length}
        </Button>
      ) : null}
      <Button tone="plain" label="Keys" onClick={() => onOpen('keys')}>
        <Keyboard size={17} aria-hidden />
      </Button>
      <Button tone="plain" label="Import a workflow" onClick={() => onOpen('import')}>
        <FileInput size={17} aria-hidden />
      </Button>
      <Button
        disabled={errors > 0 || error !== undefined}
        title={errors > 0 ? 'Fix its problems first' : 'Run it (Ctrl+Enter)'}
        onClick={() => onOpen('run')}
      >
        <Play size={15} aria-hidden /> Run
      </Button>
      <Button tone="main" onClick={() => onOpen('publish')}>
        <Upload size={15} aria-hidden /> Publish
      </Button>
    </header>
  );
}

function KeepingLine() {
  const keeping = useDesigner((state) => state.keeping);
  const base = useDesigner((state) => state.base);
  const published = useDesigner((state) => state.published);
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = window.setInterval(() => tick((now) => now + 1), 15_000);
    return () => window.clearInterval(timer);
  }, []);
  const says = {
    kept: () =>
      keeping.state === 'kept' && keeping.at !== undefined
        ? `Draft kept ${ago(keeping.at)}`
        : published === undefined
          ? 'Not published yet'
          : `As published (version ${base ?? published})`,
    changed: () => 'Keeping the draft…',
    keeping: () => 'Keeping the draft…',
    failed: () => (keeping.state === 'failed' ? `The draft is not kept: ${keeping.why}` : ''),
    overtaken: () => 'The draft was changed in another window',
  }[keeping.state]();
  return (
    <span className="dz-keeping" role="status" data-tone={keeping.state === 'failed' || keeping.state === 'overtaken' ? 'bad' : undefined}>
      {says}
    </span>
  );
}

/** Who else has a draft of it. */
function Presence() {
  const workflow = useDesigner((state) => state.workflow);
  const [others, setOthers] = useState<OpenDraft[]>([]);
  useEffect(() => {
    const look = () =>
      server.drafts(workflow).then(
        (page) => setOthers(page.items.filter((draft) => !draft.mine)),
        () => undefined,
      );
    void look();
    return listen(['drafts'], (_, data) => {
      if (data.draft === workflow || data.draft === undefined) {
        void look();
      }
    });
  }, [workflow]);
  const [first] = others;
  return first ? (
    <span
      className="dz-count dz-wide"
      title={others.map((draft) => `${person(draft.who)}: draft changed ${ago(draft.changed)}`).join('\n')}
    >
      {person(first.who)}
      {others.length > 1 ? ` and ${others.length - 1} more` : ''} edits it, too
    </span>
  ) : null;
}

/** What needs a decision, below the bar. */
export function Notices() {
  const store = useDesignerStore();
  const notice = useDesigner((state) => state.notice);
  const keeping = useDesigner((state) => state.keeping.state);
  const base = useDesigner((state) => state.base);
  const published = useDesigner((state) => state.published);
  const error = useDesigner((state) => state.error);
  const isBehind = published !== undefined && published !== base;
  const merge = async () => {
    const conflicts = await mergePublished(store);
    store.getState().show({
      notice:
        conflicts.length > 0
          ? { text: `Decide in the text: ${conflicts.join('; ')}`, tone: 'bad' }
          : { text: 'What others published is now part of your draft.', tone: 'info' },
      ...(conflicts.length > 0 ? { view: 'both' as const } : {}),
    });
  };
  const failed = (problem: Error) => store.getState().show({ notice: { text: problem.message, tone: 'bad' } });
  return (
    <div className="dz-notices">
      {error ? (
        <div className="dz-notice" data-tone="bad" role="alert">
          <span>
            Line {error.line}: {error.message} The canvas shows the last text that could be read.
          </span>
          <Button small onClick={() => store.getState().show({ view: 'both' })}>
            Show the text
          </Button>
          <Button small onClick={() => store.getState().undo()}>
            Undo
          </Button>
        </div>
      ) : null}
      {isBehind ? (
        <div className="dz-notice" data-tone="warn" role="status">
          <span>Somebody has published version {published} since your draft began.</span>
          <Button small onClick={() => store.getState().show({ side: 'versions' })}>
            Compare
          </Button>
          <Button small onClick={() => merge().catch(failed)}>
            Merge theirs into mine
          </Button>
          <Button small title="Yours will replace theirs when you publish" onClick={() => store.getState().show({ base: published })}>
            Keep mine
          </Button>
        </div>
      ) : null}
      {keeping === 'overtaken' ? (
        <div className="dz-notice" data-tone="bad" role="alert">
          <span>Your draft was changed in another window. This one no longer keeps it; undo brings back what is here now.</span>
          <Button small onClick={() => takeTheirs(store).catch(failed)}>
            Open the newer draft
          </Button>
        </div>
      ) : null}
      {notice ? (
        <div className="dz-notice" data-tone={notice.tone === 'bad' ? 'bad' : undefined} role="status">
          <span>{notice.text}</span>
          <Button small tone="plain" onClick={() => store.getState().show({ notice: undefined })}>
            Dismiss
          </Button>
        </div>
      ) : null}
    </div>
  );
}
