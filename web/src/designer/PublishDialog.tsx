/** Publishing: what changes for everybody, and a note about it. */

import { Upload } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button, Dialog } from './controls.tsx';
import { told } from './run/RunDialog.tsx';
import { type Difference, Refusal, server } from './server.ts';
import { Changes } from './side/Changes.tsx';
import { useDesigner, useDesignerStore } from './store.ts';

export function PublishDialog({ onClose, onPublished }: { onClose: () => void; onPublished: (version: string) => void }) {
  const store = useDesignerStore();
  const workflow = useDesigner((state) => state.workflow);
  const text = useDesigner((state) => state.text);
  const base = useDesigner((state) => state.base);
  const published = useDesigner((state) => state.published);
  const model = useDesigner((state) => state.model);
  const errors = useDesigner((state) => state.problems.filter((problem) => problem.severity === 'error').length);
  const [note, setNote] = useState('');
  const [difference, setDifference] = useState<Difference>();
  const [wrong, setWrong] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    if (published !== undefined) {
      server
        .version(workflow, published)
        .then((version) => server.compare(version.text ?? '', text))
        .then(setDifference, () => undefined);
    }
  }, [workflow, published, text]);
  const publish = async () => {
    setBusy(true);
    setWrong(undefined);
    try {
      const isSame = model.name === workflow;
      const version = await server.upload({
        text,
        publish: true,
        ...(note === '' ? {} : { note }),
        ...(isSame ? { base: base ?? 0 } : {}),
      });
      await server.dropDraft(workflow);
      store.getState().show({
        base: version.number,
        published: version.number,
        revision: undefined,
        keeping: { state: 'kept', at: undefined },
      });
      onPublished(version.version);
    } catch (error) {
      setBusy(false);
      if (error instanceof Refusal && error.code === 'changed') {
        const now = await server.workflow(workflow).catch(() => undefined);
        store.getState().show({ published: now?.active });
        setWrong('Somebody has published another version meanwhile. Close this, and merge theirs into yours.');
      } else {
        setWrong(told(error));
      }
    }
  };
  return (
    <Dialog
      title={`Publish ${model.name ?? workflow}`}
      onClose={onClose}
      footer={
        <>
          {wrong ? (
            <span className="dz-wrong" role="alert" style={{ flex: 1 }}>
              {wrong}
            </span>
          ) : null}
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="main" disabled={isBusy || errors > 0 || difference?.same === true} onClick={() => void publish()}>
            <Upload size={15} aria-hidden /> Publish
          </Button>
        </>
      }
    >
      {errors > 0 ? (
        <p className="dz-wrong">
          {errors === 1 ? 'One problem has' : `${errors} problems have`} to be fixed before it can be published.
        </p>
      ) : (
        <p className="dz-says">From then on schedules, triggers and people run this version.</p>
      )}
      {model.name !== workflow ? (
        <p className="dz-wrong" data-tone="warn">
          Its name is now “{model.name ?? ''}”: this publishes another workflow than “{workflow}”.
        </p>
      ) : null}
      <div className="dz-field">
        <label htmlFor="dz-note">
          <strong>What has changed</strong>
        </label>
        <input
          id="dz-note"
          className="dz-input"
          placeholder="A note for others"
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
      </div>
      {difference ? <Changes difference={difference} /> : null}
    </Dialog>
  );
}
