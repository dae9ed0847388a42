// A task's pictures as elements, fetched and decoded before they are needed. A picture that does not come is tried
// again; after the last try it is `failed`, and `retry()` begins anew.

const RETRIES_S = [1, 3, 8];

export class Picture {
  constructor(source, alt) {
    this.url = source.url;
    this.element = new Image();
    this.element.alt = alt;
    this.element.draggable = false;
    this.element.decoding = "sync"; // it is decoded before it is shown; showing it must not wait for another frame
    [this.width, this.height] = source.size ?? [1, 1];
    this.ready = null;
  }

  // Fetch and decode it, or begin anew; resolves to whether it is there. Asked twice, it is fetched once.
  load() {
    return this.ready ?? this.retry();
  }

  retry() {
    this.failed = false;
    this.ready = this.fetch();
    return this.ready;
  }

  async fetch() {
    for (const wait of [...RETRIES_S, 0]) {
      this.element.src = this.url;
      try {
        await this.element.decode();
        this.width = this.element.naturalWidth;
        this.height = this.element.naturalHeight;
        return true;
      } catch {
        if (wait) await new Promise((resolve) => setTimeout(resolve, wait * 1000));
        this.element.removeAttribute("src"); // the same address again would not be asked for
      }
    }
    this.failed = true;
    return false;
  }
}

export class Pictures {
  constructor(task) {
    const count = task.photos.length;
    this.image = new Picture({ url: task.image, size: task.image_size }, "The image to judge");
    this.photos = task.photos.map((photo, index) => new Picture(photo, `Product photo ${index + 1} of ${count}`));
    // What is seen first is fetched first, and decides when the task can be shown; the other photos follow.
    this.ready = Promise.all([this.image.load(), this.photos[0]?.load()]);
    this.ready.then(async () => {
      for (const photo of this.photos) await photo.load();
    });
  }
}
