"""The addresses of products, walls and images in review."""

from django.urls import URLPattern, path

from review.views import candidates, choosing, notes, products, walls

wall_urls: list[URLPattern] = [
    path("review/products/", products.products, name="products"),
    path("review/products/<int:pk>/", products.product, name="product"),
    path("review/products/<int:pk>/panel/", products.product_panel, name="product-panel"),
    path("review/items/<int:pk>/", products.item, name="item"),
    path("review/images/", walls.images, name="images"),
    path("review/images/more/", walls.wall_more, name="wall"),
    path("review/images/send/", choosing.send, name="send"),
    path("review/images/mark/", choosing.mark_chosen, name="mark-chosen"),
    path("review/candidates/<int:pk>/", candidates.candidate, name="candidate"),
    path("review/uploads/<int:pk>/", candidates.upload, name="upload"),
    path("review/uploads/<int:pk>/thumbnail/", walls.thumbnail, name="thumbnail"),
    path("review/marks/", notes.mark, name="mark"),
    path("review/notes/", notes.note_write, name="note-write"),
    path("review/notes/<int:pk>/<slug:act>/", notes.note_change, name="note-change"),
]
