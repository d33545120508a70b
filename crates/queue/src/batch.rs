//! Doing together what is asked for at the same time: one statement and one commit for all who
//! came while the one before was under way.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Weak},
};

use tokio::sync::{mpsc, oneshot};

use crate::{Queue, queue::Inner};

type Asked<Q, A> = (Q, oneshot::Sender<A>);

/// The side of those who ask.
pub(crate) struct Batcher<Q, A> {
    sender: mpsc::Sender<Asked<Q, A>>,
}

/// The side that answers.
pub(crate) struct Served<Q, A> {
    receiver: mpsc::Receiver<Asked<Q, A>>,
    most: usize,
}

impl<Q, A> fmt::Debug for Batcher<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher").finish_non_exhaustive()
    }
}

impl<Q: Send + 'static, A: Send + 'static> Batcher<Q, A> {
    /// Up to `most` at a time.
    pub(crate) fn new(most: usize) -> (Self, Served<Q, A>) {
        let (sender, receiver) = mpsc::channel(most.max(1));
        (
            Self { sender },
            Served {
                receiver,
                most: most.max(1),
            },
        )
    }

    /// `None` when nobody answers any more.
    pub(crate) async fn ask(&self, question: Q) -> Option<A> {
        let (sender, answer) = oneshot::channel();
        self.sender.send((question, sender)).await.ok()?;
        answer.await.ok()
    }
}

impl<Q: Send + 'static, A: Send + 'static> Served<Q, A> {
    /// Answers until the queue is dropped. `work` gives one answer for each question, in order.
    pub(crate) fn serve<F>(
        mut self,
        queue: Weak<Inner>,
        work: impl Fn(Queue, Vec<Q>) -> F + Send + 'static,
    ) where
        F: Future<Output = Vec<A>> + Send,
    {
        tokio::spawn(async move {
            let mut asked = Vec::new();
            while self.receiver.recv_many(&mut asked, self.most).await > 0 {
                let Some(inner) = queue.upgrade() else {
                    return;
                };
                let (questions, senders): (Vec<Q>, Vec<oneshot::Sender<A>>) =
                    asked.drain(..).unzip();
                let answers = work(
                    Queue {
                        inner: Arc::clone(&inner),
                    },
                    questions,
                )
                .await;
                for (sender, answer) in senders.into_iter().zip(answers) {
                    // Whoever asked may have gone; what was done stays done.
                    let _ = sender.send(answer);
                }
            }
        });
    }
}
