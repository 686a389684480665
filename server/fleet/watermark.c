#include "server/fleet/watermark.h"

#include <string.h>

#include "base/auto.h"

#define BUCKETS 4096

struct node {
    struct node *next;
    struct watermark w;
};
struct watermarks {
    size_t n;
    struct node *buckets[BUCKETS];
};

struct watermark_judgement watermark_judge(int64_t upto, int64_t n, int64_t lost, int32_t count) {
    int64_t last = n + count - 1;
    if (last <= upto) return (struct watermark_judgement){.verdict = WATERMARK_DUPLICATE, .next_upto = upto};
    if (n - lost > upto + 1) return (struct watermark_judgement){.verdict = WATERMARK_GAP, .next_upto = upto};
    return (struct watermark_judgement){.verdict = WATERMARK_TAKE,
                                        .skip = n <= upto ? (int32_t)(upto + 1 - n) : 0,
                                        .lost = n > upto + 1 ? n - upto - 1 : 0,
                                        .next_upto = last};
}

struct watermarks *watermarks_new(void) {
    return xcalloc(1, sizeof(struct watermarks));
}

static void clear(struct watermarks *w) {
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct node *n; (n = w->buckets[i]);) {
            w->buckets[i] = n->next;
            free(n);
        }
    w->n = 0;
}

void watermarks_free(struct watermarks *w) {
    if (!w) return;
    clear(w);
    free(w);
}

static struct node **slot(struct watermarks *w, const struct uuid *device, const struct uuid *boot) {
    uint64_t a, b; /* the random ends of both ids */
    memcpy(&a, device->b + 8, 8);
    memcpy(&b, boot->b + 8, 8);
    uint64_t h = (a ^ (b * 0x9e3779b97f4a7c15ull)) * 0xbf58476d1ce4e5b9ull;
    struct node **at = &w->buckets[(h >> 32) % BUCKETS];
    while (*at && !(uuid_equal(&(*at)->w.device, device) && uuid_equal(&(*at)->w.boot, boot)))
        at = &(*at)->next;
    return at;
}

struct watermark *watermarks_get(struct watermarks *w, const struct uuid *device, const struct uuid *boot) {
    struct node **at = slot(w, device, boot);
    if (!*at) {
        *at = xcalloc(1, sizeof **at);
        (*at)->w.device = *device;
        (*at)->w.boot = *boot;
        w->n++;
    }
    return &(*at)->w;
}

void watermarks_forget(struct watermarks *w, const struct uuid *device, const struct uuid *boot) {
    struct node **at = slot(w, device, boot);
    if (!*at) return;
    struct node *gone = *at;
    *at = gone->next;
    free(gone);
    w->n--;
}

void watermarks_trim(struct watermarks *w, size_t max) {
    if (w->n > max) clear(w);
}
