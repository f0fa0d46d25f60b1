import torch

from isthmus.recipes.neighbours import nearest, nearest_neighbours, squared_distance


def test_nearest_agrees_with_every_distance_and_can_leave_oneself_out():
    torch.manual_seed(0)
    points, among = torch.randn(40, 5), torch.randn(30, 5)
    every = torch.cdist(points, among).square()
    torch.testing.assert_close(squared_distance(points, among), every.min(1).values, rtol=1e-4, atol=1e-4)
    assert torch.equal(nearest(points, among)[:, 0], every.argmin(1))
    without = torch.cdist(among, among).square().fill_diagonal_(torch.inf)
    torch.testing.assert_close(
        squared_distance(among, among, torch.arange(30)), without.min(1).values, rtol=1e-4, atol=1e-4
    )
    assert torch.equal(nearest(among, among, torch.arange(30))[:, 0], without.argmin(1))


def test_several_samples_each_have_a_nearest_and_the_distance_is_their_geometric_mean():
    torch.manual_seed(0)
    points, among = torch.randn(40, 5), torch.randn(30, 5)
    first, second = torch.cdist(points, among).square().split(15, dim=1)
    assert torch.equal(nearest(points, among, draws=2), torch.stack([first.argmin(1), 15 + second.argmin(1)], 1))
    expected = (first.amin(1) * second.amin(1)).sqrt()
    torch.testing.assert_close(squared_distance(points, among, draws=2), expected, rtol=1e-4, atol=1e-4)


def test_another_is_as_near_as_the_nearest_of_its_views():
    torch.manual_seed(0)
    points, seen = torch.randn(40, 5), [torch.randn(40, 5), torch.randn(40, 5)]
    every = torch.stack([torch.cdist(points, view) for view in (points, *seen)]).amin(0).fill_diagonal_(torch.inf)
    assert torch.equal(nearest_neighbours(points, 3, seen), every.topk(3, largest=False).indices)


def test_neighbours_are_of_another_group():
    torch.manual_seed(0)
    points, groups = torch.randn(30, 5), torch.arange(30) % 3
    apart = torch.cdist(points, points)
    assert torch.equal(nearest_neighbours(points, 4)[:, 0], apart.clone().fill_diagonal_(torch.inf).argmin(1))
    found = nearest_neighbours(points, 25, groups=groups)
    assert found.shape == (30, 20)
    assert (groups[found] != groups[:, None]).all()
    assert torch.equal(found[:, 0], apart.masked_fill(groups[:, None] == groups, torch.inf).argmin(1))


def test_the_nearest_of_each_sample_is_found():
    torch.manual_seed(0)
    points, among = torch.randn(50, 3), torch.randn(384, 3)
    expected = torch.cdist(points, among).view(50, 2, -1).argmin(2) + torch.tensor([0, 192])
    assert torch.equal(nearest(points, among, draws=2), expected)
